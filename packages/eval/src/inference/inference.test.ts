import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval, wilson } from '../index.js';
import { agreementOf, krippendorffAlpha } from './agreement.js';
import { holm } from './holm.js';
import { promptsToShow, smallestDifference } from './power.js';
import { predictionPowered } from './prediction-powered.js';
import { signTest } from './sign-test.js';

interface Fixture {
  readonly signTests: readonly { wins: number; losses: number; p: number }[];
  readonly holms: readonly { p: number[]; adjusted: number[] }[];
  readonly wilsons: readonly { successes: number; n: number; interval: [number, number] }[];
  readonly agreements: readonly { a: string[]; b: string[]; kappa: number }[];
  readonly alphas: readonly { ratings: (string | null)[][]; alpha: number }[];
  readonly powered: readonly Powered[];
  readonly bootstraps: readonly { scores: number[][]; low: number; high: number }[];
  readonly powers: readonly { n: number; difference: number }[];
}
interface Powered {
  readonly people: number[];
  readonly judge: number[];
  readonly judgeAlone: number[];
  readonly lambda: number;
  readonly tuned: boolean;
  readonly mean: number;
  readonly error: number;
  readonly low: number;
  readonly high: number;
}
const file = new URL('../../../../tooling/parity/fixtures/inference/inference.json', import.meta.url);
const fixture = JSON.parse(readFileSync(file, 'utf8')) as Fixture;

describe('the sign test', () => {
  it('is scipy’s exact binomial test on decided pairs', () => {
    for (const { wins, losses, p } of fixture.signTests) {
      const scores = [...Array(wins).fill(0.75), ...Array(losses).fill(0), ...Array(5).fill(0.5)] as number[];
      const test = signTest(scores);
      expect(test).toMatchObject({ wins, losses, ties: 5 });
      expect(Math.abs(test.pValue / p - 1), `${wins}:${losses}`).toBeLessThan(1e-9);
    }
  });

  it('gives both sides the same', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0.25, 0.5, 1), { maxLength: 60 }), (scores) => {
        expect(signTest(scores.map((score) => 1 - score)).pValue).toBe(signTest(scores).pValue);
      }),
    );
  });
});

it('adjusts p-values by Holm as statsmodels does', () => {
  for (const { p, adjusted } of fixture.holms)
    holm(p).forEach((value, i) => {
      expect(value).toBeCloseTo(adjusted[i] as number, 12);
    });
  expect(holm([])).toEqual([]);
});

it('Wilson’s interval is statsmodels’', () => {
  for (const { successes, n, interval } of fixture.wilsons) {
    const { low, high } = wilson(successes, n);
    expect(low).toBeCloseTo(interval[0], 12);
    expect(high).toBeCloseTo(interval[1], 12);
  }
});

describe('the bootstrap', () => {
  it('clustered by prompt is scipy’s on the prompts’ means', () => {
    for (const { scores, low, high } of fixture.bootstraps) {
      const interval = bootstrapInterval(scores.flat(), {
        resamples: 10_000,
        seed: 3,
        clusters: scores.flatMap((cluster, i) => cluster.map(() => i)),
      });
      expect(Math.abs(interval.low - low)).toBeLessThan(0.006); // a score moves the mean by 1/240
      expect(Math.abs(interval.high - high)).toBeLessThan(0.006);
    }
  });
});

describe('agreement', () => {
  it('κ is statsmodels’, a tie being a label', () => {
    for (const { a, b, kappa } of fixture.agreements) expect(agreementOf(a, b).kappa).toBeCloseTo(kappa, 12);
  });

  it('by hand: prevalence, and the items that both judged', () => {
    // Both judged 4: m m, m b, b b, tie tie. p_o = 3/4; shares m 2/4 · 1/4, b 1/4 · 2/4, tie 1/4 · 1/4: p_e = 5/16.
    const figures = agreementOf(['m', 'm', 'b', 'tie', 'm', undefined], ['m', 'b', 'b', 'tie', undefined, 'b']);
    expect(figures).toMatchObject({ count: 4, agreement: 0.75, prevalence: { b: 0.375, m: 0.375, tie: 0.25 } });
    expect(figures.kappa).toBeCloseTo((0.75 - 5 / 16) / (1 - 5 / 16), 12);
    expect(agreementOf(['m', 'm'], ['m', 'm']).kappa).toBeNaN();
    expect(() => agreementOf(['m'], [undefined])).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
    expect(() => agreementOf(['m'], [])).toThrow(expect.objectContaining({ code: 'eval.not-paired' }));
  });

  it('α is the krippendorff package’s, with labels left out', () => {
    for (const { ratings, alpha } of fixture.alphas) {
      const labels = ratings.map((rater) => rater.map((label) => label ?? undefined));
      expect(krippendorffAlpha(labels)).toBeCloseTo(alpha, 12);
    }
    expect(() => krippendorffAlpha([['m'], [undefined]])).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
    expect(() => krippendorffAlpha([['m'], []])).toThrow(expect.objectContaining({ code: 'eval.not-paired' }));
  });
});

describe('the correction by people', () => {
  it('has numpy’s means and scipy’s intervals, with the classical λ and the best', () => {
    for (const each of fixture.powered) {
      const options = each.tuned ? {} : { lambda: each.lambda };
      const estimate = predictionPowered(each.people, each.judge, each.judgeAlone, options);
      expect(estimate.lambda).toBeCloseTo(each.lambda, 12);
      expect(estimate.mean).toBeCloseTo(each.mean, 12);
      expect(estimate.standardError).toBeCloseTo(each.error, 12);
      expect(estimate.low).toBeCloseTo(each.low, 9);
      expect(estimate.high).toBeCloseTo(each.high, 9);
    }
  });

  it('takes out the judge’s error, and leaves a constant judge aside', () => {
    // The judge always says 1, so the estimate is people's mean.
    const people = [1, 0, 0, 1, 0];
    const constant = predictionPowered(people, [1, 1, 1, 1, 1], [1, 1, 1]);
    expect([constant.mean, constant.lambda]).toEqual([0.4, 0]);
    expect(() => predictionPowered([1], [1], [1, 1])).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
    expect(() => predictionPowered([1], [], [1])).toThrow(expect.objectContaining({ code: 'eval.not-paired' }));
  });
});

it('power: 256 prompts show 8.8 points and 1,000 show 4.4, as statsmodels solves for it', () => {
  expect(smallestDifference(256).toFixed(3)).toBe('0.088');
  expect(smallestDifference(1000).toFixed(3)).toBe('0.044');
  for (const { n, difference } of fixture.powers) expect(smallestDifference(n)).toBeCloseTo(difference, 5);
  expect(promptsToShow(smallestDifference(256))).toBe(256);
});
