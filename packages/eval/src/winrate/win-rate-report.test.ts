import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { judgeBothOrders, samplePairs, truth, verdictOn } from './_verdicts-for-tests.js';
import { byTemperature } from './by-temperature.js';
import { comparePolicies } from './compare-policies.js';
import { rescored } from './rescored.js';
import { winRateReport } from './win-rate-report.js';

const fast = { resamples: 200, seed: 1 };
const report = (verdicts: readonly StoredVerdict[]) => winRateReport(verdicts, fast);

describe('by hand', () => {
  // a: won in both orders. b: always the first, one half. c: a tie, then 0.2 for the model. d: one order lost. e: all lost.
  const verdicts = [
    verdictOn('a', 'model', 'first'),
    verdictOn('a', 'baseline', 'second'),
    verdictOn('b', 'model', 'first'),
    verdictOn('b', 'baseline', 'first'),
    verdictOn('c', 'model', 'tie'),
    verdictOn('c', 'baseline', 'first', { p_first: 0.8 }),
    verdictOn('d', 'model', 'second'),
    verdictOn('d', 'baseline', 'unparsable'),
    verdictOn('e', 'model', 'refused'),
    verdictOn('e', 'baseline', 'failed'),
  ];
  const figures = report(verdicts);

  it('a pair’s score is the mean of both orders, and a lost verdict is neither a loss nor a half', () => {
    // (1 + ½ + (½ + 0.2)/2 + 0) / 4
    expect(figures.raw?.rate).toBeCloseTo(1.85 / 4, 12);
    expect(figures).toMatchObject({ prompts: 5, pairs: 5, scored: 4, answeredInFull: { pairs: 3 } });
    expect(figures.answeredInFull.rate).toBeCloseTo(1.85 / 3, 12);
    expect(figures.panel.counts).toEqual({ first: 4, second: 2, tie: 1, unparsable: 1, refused: 1, failed: 1 });
    expect(figures.signs).toMatchObject({ wins: 1, losses: 2, ties: 1 });
  });

  it('bounds put lost verdicts in as losses and as wins', () => {
    // Worst: d (0 + 0)/2, e 0. Best: d (0 + 1)/2, e 1.
    expect(figures.bounds.worst.rate).toBeCloseTo(1.85 / 5, 12);
    expect(figures.bounds.best.rate).toBeCloseTo((1.85 + 0.5 + 1) / 5, 12);
  });

  it('the panel: consistency of both orders, and the share of the first position', () => {
    // Both orders were answered for a (the same), b and c (not).
    expect(figures.panel.consistency).toBeCloseTo(1 / 3, 12);
    // Decided: first, second | first, first | first | second.
    expect(figures.panel.firstPositionRate).toBeCloseTo(4 / 6, 12);
  });

  it('the first position has no rate when the model stood on one side throughout', () => {
    expect(report([verdictOn('a', 'model', 'first'), verdictOn('b', 'model', 'second')]).panel).toMatchObject({
      firstPositionRate: undefined,
      consistency: undefined,
    });
  });

  it('is one object for scripts, without lengths here', () => {
    expect(rescored(figures)).toEqual({
      prompts: 5,
      win_rate: figures.raw?.rate,
      standard_error: figures.raw?.standardError,
      interval: [figures.raw?.low, figures.raw?.high],
      length_controlled_win_rate: null,
      length_controlled_interval: null,
      longer_wins: null,
      first_position_rate: 4 / 6,
      consistency: 1 / 3,
      unparsable: 1,
      bounds: [figures.bounds.worst.rate, figures.bounds.best.rate],
      smallest_difference: figures.smallestDifference,
    });
  });
});

describe('verdicts on the same', () => {
  it('the last line counts when one order was asked again', () => {
    const again = report([verdictOn('a', 'model', 'failed'), verdictOn('a', 'model', 'first')]);
    expect([again.raw?.rate, again.bounds.worst.rate, again.panel.counts.failed]).toEqual([1, 1, 0]);
    const changed = report([verdictOn('a', 'model', 'first'), verdictOn('a', 'model', 'second')]);
    expect([changed.raw?.rate, changed.panel.counts.first]).toEqual([0, 0]);
  });

  it('repetitions count as one order, and are compared with the first asking', () => {
    const figures = report([
      verdictOn('a', 'model', 'first'),
      verdictOn('a', 'model', 'second', { repetition: 1 }),
      verdictOn('a', 'model', 'first', { repetition: 2 }),
      verdictOn('a', 'baseline', 'second'),
    ]);
    expect(figures.raw?.rate).toBeCloseTo((2 / 3 + 1) / 2, 12);
    expect([figures.panel.repetitionAgreement, figures.panel.repetitions]).toEqual([0.5, 2]);
  });

  it('samples and temperatures are pairs of their own in the cluster of their prompt', () => {
    const verdicts = [0, 1, 2, 3].flatMap((prompt) =>
      [0, 1, 2].map((sample) => verdictOn(prompt, 'model', prompt < 2 ? 'first' : 'second', { sample })),
    );
    const figures = report(verdicts);
    expect(figures).toMatchObject({ prompts: 4, pairs: 12, raw: { rate: 0.5, method: 'bootstrap' } });
    // Four clusters with means 1, 1, 0, 0: s² = 1/3, SE² = 1/12.
    expect(figures.raw?.standardError).toBeCloseTo(Math.sqrt(1 / 12), 12);
  });
});

describe('intervals', () => {
  it('are Wilson’s for independent verdicts of 0 and 1, and a bootstrap’s once there are halves', () => {
    const wins = Array.from({ length: 40 }, (_, i) => verdictOn(i, 'model', i < 30 ? 'first' : 'second'));
    expect(report(wins).raw?.method).toBe('wilson');
    expect(report([...wins, verdictOn('t', 'model', 'tie')]).raw?.method).toBe('bootstrap');
  });

  it('all verdicts lost: no rate, and bounds from 0 to 1', () => {
    const figures = report([verdictOn('a', 'model', 'failed')]);
    expect(rescored(figures)).toMatchObject({ prompts: 1, win_rate: null, interval: null, bounds: [0, 1] });
    expect(() => report([])).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
  });

  it('the rate lies within its bounds, whatever was lost; turning sides turns all', () => {
    const any = fc.record({
      prompt_id: fc.integer({ min: 0, max: 5 }).map(String),
      first: fc.constantFrom<StoredVerdict['first']>('model', 'baseline'),
      repetition: fc.integer({ min: 0, max: 1 }),
      verdict: fc.constantFrom<StoredVerdict['verdict']>('first', 'second', 'tie', 'unparsable', 'refused', 'failed'),
    });
    const mirrored = (each: StoredVerdict): StoredVerdict => ({
      ...each,
      first: each.first === 'model' ? 'baseline' : 'model',
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 25 }), (verdicts) => {
        const { raw, bounds } = winRateReport(verdicts, { resamples: 5 });
        const mirror = winRateReport(verdicts.map(mirrored), { resamples: 5 });
        expect(bounds.worst.rate + mirror.bounds.best.rate).toBeCloseTo(1, 9);
        if (raw === undefined) return;
        expect(raw.rate).toBeGreaterThanOrEqual(bounds.worst.rate - 1e-12);
        expect(raw.rate).toBeLessThanOrEqual(bounds.best.rate + 1e-12);
        expect(raw.rate + (mirror.raw?.rate ?? Number.NaN)).toBeCloseTo(1, 9);
      }),
      { numRuns: 60 },
    );
  });
});

describe('planted biases', () => {
  it('a judge that always says the first is at one half with full position bias', () => {
    const figures = report(judgeBothOrders(samplePairs(100), () => 'first'));
    expect([figures.raw?.rate, figures.panel.firstPositionRate, figures.panel.consistency]).toEqual([0.5, 1, 0]);
    expect(figures.conclusion).toBe('undecided');
  });

  it('a judge that picks the longer answer is exposed by the ruler, and undone by the control', () => {
    const longer = judgeBothOrders(
      samplePairs(300, { longer: 150, seed: 4 }),
      ({ model_length, baseline_length }, first) =>
        model_length === baseline_length
          ? 'tie'
          : model_length > baseline_length === (first === 'model')
            ? 'first'
            : 'second',
    );
    const figures = report(longer);
    expect(figures.raw?.rate).toBeGreaterThan(0.7);
    expect(figures.conclusion).toBe('better');
    expect(figures.lengthBias).toMatchObject({ longerWins: 1, ruler: figures.raw?.rate });
    expect(figures.lengthControl?.low).toBeLessThan(0.5);
    expect(figures.lengthControl?.rate).toBeLessThan(0.6);
  });

  it.each([0.3, 0.5, 0.65])(
    'a judge whose verdicts are lost on a fifth of one side has bounds that hold %s',
    (rate) => {
      const pairs = samplePairs(400, { rate, seed: 7 });
      const right = report(judgeBothOrders(pairs, truth)).raw?.rate as number;
      // Lost when the model is better and stands first: the worst case.
      let wins = 0;
      const lossy = judgeBothOrders(pairs, (pair, first) =>
        first === 'model' && pair.better && wins++ % 5 < 2 ? 'unparsable' : truth(pair, first),
      );
      const { bounds, panel } = report(lossy);
      expect(panel.counts.unparsable).toBeGreaterThan(40);
      expect(bounds.worst.rate).toBeLessThan(right);
      expect(bounds.best.rate).toBeGreaterThanOrEqual(right);
    },
  );

  it('says when the conclusion flips within the bounds', () => {
    // 60 wins, 30 losses, 30 lost: 50 % at worst, 75 % at best.
    const verdict = (i: number) => (i < 60 ? 'first' : i < 90 ? 'second' : 'failed');
    const figures = report(Array.from({ length: 120 }, (_, i) => verdictOn(i, 'model', verdict(i))));
    expect([figures.conclusion, figures.bounds.flips]).toEqual(['better', true]);
    const none = report(Array.from({ length: 90 }, (_, i) => verdictOn(i, 'model', verdict(i))));
    expect([none.conclusion, none.bounds.flips]).toEqual(['better', false]);
  });
});

it('temperatures are told apart, and their p-values adjusted for one another', () => {
  // At 0 the model wins 6 of 6: p = 2/64. At 1 it wins 5 of 6: p = 2 · 7/64. Holm: 2 · 2/64 and 14/64.
  const at = (temperature: number, wins: number) =>
    [0, 1, 2, 3, 4, 5].map((i) => verdictOn(i, 'model', i < wins ? 'first' : 'second', { temperature }));
  const reports = byTemperature([...at(1, 5), ...at(0, 6)], fast);
  expect(reports.map(({ temperature, report: { raw } }) => [temperature, raw?.rate])).toEqual([
    [0, 1],
    [1, 5 / 6],
  ]);
  expect(reports[0]?.adjustedPValue).toBeCloseTo(4 / 64, 12);
  expect(reports[1]?.adjustedPValue).toBeCloseTo(14 / 64, 12);
});

describe('two policies against one opponent', () => {
  it('are compared prompt by prompt', () => {
    // Differences ½, 0, ½, 1 on four shared prompts: mean ½, s² = 1/6, SE² = 1/24.
    const first = [0, 1, 0.5, 0, 1].map((score, i) => ({ prompt: String(i), score }));
    const second = [0.5, 1, 1, 1].map((score, i) => ({ prompt: String(i), score }));
    const comparison = comparePolicies(first, second, fast);
    expect(comparison).toMatchObject({
      difference: 0.5,
      prompts: 4,
      leftOut: 1,
      signs: { wins: 3, losses: 0, ties: 1 },
    });
    expect(comparison.standardError).toBeCloseTo(Math.sqrt(1 / 24), 12);
    expect([comparison.low, comparison.high].every((end) => end >= 0 && end <= 1)).toBe(true);
    expect(() => comparePolicies(first, [{ prompt: 'x', score: 1 }])).toThrow(
      expect.objectContaining({ code: 'eval.not-paired' }),
    );
  });
});
