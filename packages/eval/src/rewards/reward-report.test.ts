import { describe, expect, it } from 'vitest';
import { rewardBenchSections, tiesScore } from './reward-bench.js';
import { rewardFigures } from './reward-figures.js';
import { rewardReport } from './reward-report.js';
import type { ScoredComparison } from './scored-comparison.js';

const answer = (score: number, length = 10) => ({ score, length });
const pair = (chosen: number, rejected: number, lengths = [10, 10], subset?: string): ScoredComparison => ({
  right: [answer(chosen, lengths[0])],
  wrong: [answer(rejected, lengths[1])],
  subset,
});

describe('a report of rewards', () => {
  it('counts ties one half, and knows the ruler', () => {
    const report = rewardReport([
      pair(2, 1, [30, 10]),
      pair(1, 1, [10, 30]),
      pair(0, 3, [10, 20]),
      pair(0, -1, [10, 10]),
    ]);
    expect(report.accuracy).toMatchObject({ share: 2.5 / 4, count: 4 });
    expect(report.ties).toBe(1);
    expect(report.lengthRuler.share).toBe(1.5 / 4);
    expect(report.margin).toBe((1 + 0 - 3 + 1) / 4);
    // Wilson's interval of 2.5 in 4, by hand: z² = 3.8415.
    const [p, n, z] = [0.625, 4, 1.959963984540054];
    const middle = (p + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
    const half = (z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2))) / (1 + z ** 2 / n);
    expect(report.accuracy.low).toBeCloseTo(middle - half, 12);
    expect(report.accuracy.high).toBeCloseTo(middle + half, 12);
  });

  it('has the log loss of σ of the margin, ln 2 for scores that say nothing, and no overflow', () => {
    expect(rewardReport([pair(0, 0), pair(5, 5)]).logLoss).toBeCloseTo(Math.LN2, 12);
    expect(rewardReport([pair(1, 0)]).logLoss).toBeCloseTo(Math.log(1 + Math.exp(-1)), 12);
    expect(rewardReport([pair(-2000, 0)]).logLoss).toBe(2000);
  });

  it('takes the best of n, and counts the right answers’ part when several share the best score', () => {
    const best = (right: readonly number[], wrong: readonly number[]) =>
      rewardReport([{ right: right.map((score) => answer(score)), wrong: wrong.map((score) => answer(score)) }]);
    expect(best([3], [1, 2, 0]).accuracy.share).toBe(1);
    expect(best([3], [1, 4, 0]).accuracy.share).toBe(0);
    expect(best([3], [3, 3, 0])).toMatchObject({ accuracy: { share: 1 / 3 }, ties: 1 });
    expect(best([3, 1], [2, 0]).accuracy.share).toBe(1);
    // Four pairs of one comparison weigh one together: margins 1, 3, −1, 1.
    expect(best([3, 1], [2, 0]).margin).toBe(1);
  });

  it('finds probabilities that are right as often as they say, and others', () => {
    // log 3 says 0.75, and is right three times in four.
    const calibrated = [1, 1, 1, -1].map((sign) => pair(sign * Math.log(3), 0));
    expect(rewardReport(calibrated).calibration.error).toBeCloseTo(0, 12);
    const bin = rewardReport(calibrated).calibration.bins.find(({ weight }) => weight > 0);
    expect(bin).toMatchObject({ weight: 4, right: 0.75 });
    // The odds are 33 times as large, and right as often.
    const loud = [1, 1, 1, -1].map((sign) => pair(sign * Math.log(99), 0));
    expect(rewardReport(loud).calibration.error).toBeCloseTo(0.99 - 0.75, 12);
  });

  it('shows margins by length, and their correlation', () => {
    const { byLength } = rewardReport([pair(2, 0, [40, 10]), pair(1, 0, [10, 10]), pair(-3, 0, [1, 10])]);
    expect(byLength.bins.map(({ margin }) => margin)).toEqual([-3, undefined, 1, undefined, 2]);
    expect(byLength.bins.map(({ accuracy }) => accuracy)).toEqual([0, undefined, 1, undefined, 1]);
    expect(byLength.correlation).toBeGreaterThan(0.8);
    expect(rewardReport([pair(1, 0), pair(1, 0)]).byLength.correlation).toBeUndefined();
  });

  it('reports every subset, under the names that scripts know', () => {
    const report = rewardReport([pair(1, 0, [1, 2], 'a'), pair(0, 1, [2, 1], 'a'), pair(1, 0, [2, 1], 'b')]);
    const figures = rewardFigures(report);
    expect(Object.keys(figures)).toEqual(
      expect.arrayContaining([
        'accuracy',
        'interval',
        'ties',
        'log_loss',
        'calibration_error',
        'length_ruler',
        'subsets',
      ]),
    );
    expect(figures.subsets).toMatchObject({
      a: { comparisons: 2, accuracy: 0.5, length_ruler: 0.5 },
      b: { comparisons: 1, accuracy: 1, length_ruler: 1 },
    });
    expect(figures).not.toHaveProperty('sections');
  });

  it('refuses a score that is not finite, and a comparison without both sides', () => {
    expect(() => rewardReport([pair(Number.NaN, 0)])).toThrow('Comparison 0 has the score NaN');
    expect(() => rewardReport([{ right: [], wrong: [answer(1)] }])).toThrow('needs a right and a wrong answer');
  });
});

describe('RewardBench', () => {
  it('1 has sections, whose subsets weigh as published', () => {
    const sections = rewardBenchSections(
      new Map([
        ['alpacaeval-easy', 1],
        ['mt-bench-easy', 0],
        ['math-prm', 1],
        ['hep-js', 0.5],
        ['other', 0],
      ]),
    );
    expect([...sections]).toEqual([
      ['Chat', 100 / 128],
      ['Reasoning', (984 + 82) / (984 + 164)],
    ]);
  });

  it('2 wants right answers that score alike, above all wrong ones', () => {
    const row = (id: string, right: readonly number[], wrong: readonly number[]): ScoredComparison => ({
      id,
      right: right.map((score) => answer(score)),
      wrong: wrong.map((score) => answer(score)),
    });
    // Prompt 1: spread 1, gaps 3 (tied) and 0.5 (reference). Prompt 2: spread 2, gap −1 and 4.
    const scored = [
      row('tied:1', [5, 4], [1, 0]),
      row('ref:1', [2], [1.5, 0]),
      row('tied:2', [3, 1], [2]),
      row('ref:2', [5], [1]),
    ];
    const closeness = (Math.tanh(0.5 / 1 - 1) + Math.tanh(-1 / 2 - 1)) / 2;
    expect(tiesScore(scored)).toEqual({
      tied: 0.5,
      reference: 1,
      overall: expect.closeTo(0.3 * 0.5 + 0.3 + 0.2 * 0.5 + 0.2 * 0 + 0.01 * closeness, 12),
    });
    expect(tiesScore([row('7', [1], [0])])).toBeUndefined();
  });
});
