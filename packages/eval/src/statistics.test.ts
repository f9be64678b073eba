import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval, clusteredEstimate, difference, estimate, mean, wilson, winRate } from './statistics.js';

const values = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 30 });

describe('estimate', () => {
  it('is the mean with s / √n', () => {
    // Mean 3; squares 4 + 1 + 0 + 9 = 14; s² = 14/3; SE = √(14/3/4).
    const { mean, standardError, count } = estimate([1, 2, 3, 6]);
    expect([mean, count]).toEqual([3, 4]);
    expect(standardError).toBeCloseTo(Math.sqrt(14 / 12), 12);
  });

  it('refuses nothing', () => {
    expect(() => mean([])).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
  });
});

describe('clusteredEstimate', () => {
  it('is the plain one where every value is a cluster of its own', () => {
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

it('subtracts estimates', () => {
  const a = { mean: 1, standardError: 3, count: 5 };
  const b = { mean: 4, standardError: 4, count: 7 };
  expect(difference(a, b)).toEqual({ mean: 3, standardError: 5, count: 5 });
});

describe('wilson', () => {
  it('gives the interval of a textbook case', () => {
    // 10 of 50: 0.1124 to 0.3304 (Brown, Cai and DasGupta's formula by hand).
    const { share, low, high } = wilson(10, 50);
    expect(share).toBe(0.2);
    expect(low).toBeCloseTo(0.1124, 4);
    expect(high).toBeCloseTo(0.3304, 4);
  });

  it('stays within [0, 1] around the share', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), (won, lost) => {
        fc.pre(won + lost > 0);
        const { share, low, high } = wilson(won, won + lost);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(share + 1e-12);
        expect(high).toBeGreaterThanOrEqual(share - 1e-12);
      }),
    );
  });
});

it('counts a tie as half a win', () => {
  expect(winRate(['win', 'win', 'loss', 'tie'])).toMatchObject({ share: 0.625, win: 2, tie: 1, loss: 1 });
});

it('resamples the same way for the same seed, around the mean', () => {
  const xs = Array.from({ length: 100 }, (_, i) => i % 10);
  const { low, high } = bootstrapInterval(xs, { seed: 1 });
  expect(bootstrapInterval(xs, { seed: 1 })).toEqual({ low, high });
  // Mean 4.5, SE 0.288: 4.5 ∓ 1.96 SE is 3.93 to 5.07.
  expect(low).toBeCloseTo(3.93, 0);
  expect(high).toBeCloseTo(5.07, 0);
});
