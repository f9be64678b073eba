import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bootstrapInterval,
  clusteredEstimate,
  difference,
  estimate,
  mean,
  pairedDifference,
  winRate,
} from './statistics.js';

const values = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 30 });

describe('estimate', () => {
  it('is the mean with s / √n', () => {
    // Mean 3; squares 4 + 1 + 0 + 9 = 14; s² = 14/3; SE = √(14/3/4).
    const { mean, standardError, count } = estimate([1, 2, 3, 6]);
    expect([mean, count]).toEqual([3, 4]);
    expect(standardError).toBeCloseTo(Math.sqrt(14 / 12), 12);
  });

  it('refuses an empty list', () => {
    expect(() => mean([])).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
  });
});

describe('clusteredEstimate', () => {
  it('sums deviations by cluster', () => {
    // Mean 2.5; deviations −1.5, −0.5 | 0.5, 1.5; sums −2, 2: SE² = 2/1 · 8 / 16 = 1. Independent: s² = 5/3, SE² = 5/12.
    const {
      mean: centre,
      standardError,
      independentError,
      clusters,
    } = clusteredEstimate([1, 2, 3, 4], ['a', 'a', 'b', 'b']);
    expect([centre, standardError, clusters]).toEqual([2.5, 1, 2]);
    expect(independentError).toBeCloseTo(Math.sqrt(5 / 12), 12);
  });

  it('is the plain estimate when every value is a cluster of its own', () => {
    fc.assert(
      fc.property(values, (xs) => {
        const plain = estimate(xs);
        const clustered = clusteredEstimate(xs, [...xs.keys()]);
        expect(clustered.standardError).toBeCloseTo(plain.standardError, 9);
        expect(clustered.mean).toBe(plain.mean);
      }),
    );
  });

  it('counts copies of a value within a cluster once', () => {
    fc.assert(
      fc.property(values, (xs) => {
        const copies = clusteredEstimate(
          xs.flatMap((x) => [x, x, x]),
          xs.flatMap((_, i) => [i, i, i]),
        );
        expect(copies.standardError).toBeCloseTo(estimate(xs).standardError, 9);
      }),
    );
  });
});

describe('pairedDifference', () => {
  it('takes out the part that the two lists share', () => {
    // Differences 1, 1, 4: mean 2, s = √3, SE = 1.
    const { mean: gain, standardError, count } = pairedDifference([10, 20, 30], [11, 21, 34]);
    expect([gain, count]).toEqual([2, 3]);
    expect(standardError).toBeCloseTo(1, 12);
    fc.assert(
      fc.property(values, (xs) => {
        expect(pairedDifference(xs, xs)).toMatchObject({ mean: 0, standardError: 0 });
      }),
    );
  });

  it('refuses lists of different lengths', () => {
    expect(() => pairedDifference([1], [1, 2])).toThrow(expect.objectContaining({ code: 'eval.not-paired' }));
  });
});

it('subtracts estimates', () => {
  const a = { mean: 1, standardError: 3, count: 5 };
  const b = { mean: 4, standardError: 4, count: 7 };
  expect(difference(a, b)).toEqual({ mean: 3, standardError: 5, count: 5 });
});

it('counts a tie as half a win', () => {
  expect(winRate(['win', 'win', 'loss', 'tie'])).toMatchObject({ share: 0.625, count: 4, win: 2, tie: 1, loss: 1 });
  expect(() => winRate([])).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
});

describe('bootstrapInterval', () => {
  const xs = Array.from({ length: 100 }, (_, i) => i % 10);

  it('resamples the same way for the same seed, around the mean', () => {
    const { low, high } = bootstrapInterval(xs, { seed: 1 });
    expect(bootstrapInterval(xs, { seed: 1 })).toEqual({ low, high });
    // Mean 4.5, SE 0.288: 4.5 ∓ 1.96 SE is 3.93 to 5.07.
    expect(Math.abs(low - 3.93)).toBeLessThan(0.1);
    expect(Math.abs(high - 5.07)).toBeLessThan(0.1);
    const narrow = bootstrapInterval(xs, { seed: 1, confidence: 0.5 });
    expect(narrow.low).toBeGreaterThan(low);
    expect(narrow.high).toBeLessThan(high);
  });

  it('keeps clusters together', () => {
    // Ten clusters of ten equal values: SE of ten cluster means, √(82.5/9/10) = 0.957.
    const clusters = xs;
    const { low, high } = bootstrapInterval(xs, { seed: 2, clusters });
    expect(Math.abs(high - low - 2 * 1.96 * 0.957)).toBeLessThan(0.4);
  });

  it('refuses an empty list', () => {
    expect(() => bootstrapInterval([])).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
  });
});
