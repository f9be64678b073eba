import { readFileSync } from 'node:fs';
import { normal, random } from '@dpo/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimate } from '../statistics.js';
import { lengthBias } from './length-bias.js';
import { lengthControl, type PairWithLengths } from './length-control.js';

interface Columns {
  readonly model: number[];
  readonly baseline: number[];
}
const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const readFixture = <T>(name: string) => JSON.parse(readFileSync(new URL(name, fixtures), 'utf8')) as T;
const fits = readFixture<{
  lengthControls: (Columns & { scores: number[]; intercept: number; slope: number; rate: number })[];
}>('inference/inference.json').lengthControls;
const turbo =
  readFixture<
    (Columns & {
      name: string;
      p: number[];
      published: { win_rate: number; standard_error: number; length_controlled_winrate: number };
    })[]
  >('alpaca_eval/turbo.json');

const pairs = (scores: readonly number[], { model, baseline }: Columns): PairWithLengths[] =>
  scores.map((score, i) => ({
    prompt: String(i),
    score,
    modelLength: model[i] as number,
    baselineLength: baseline[i] as number,
  }));
const controlled = (all: readonly PairWithLengths[], resamples = 20) => {
  const control = lengthControl(all, { resamples });
  if (control === undefined) throw new Error('no pairs');
  return control;
};

describe('the fit', () => {
  it('is what scipy minimises', () => {
    for (const each of fits) {
      const { intercept, slope, rate } = controlled(pairs(each.scores, each));
      expect(intercept).toBeCloseTo(each.intercept, 5);
      expect(slope).toBeCloseTo(each.slope, 5);
      expect(rate).toBeCloseTo(each.rate, 6);
    }
  });

  it('gives the same model told to be brief, verbose or nothing rates within two points', () => {
    // The raw rates are 9.2, 12.8 and 7.4 %.
    const rates = turbo.map((each) => controlled(pairs(each.p, each)).rate);
    expect(rates.map((rate) => (100 * rate).toFixed(1))).toEqual(['34.2', '34.2', '33.6']);
    expect(Math.max(...rates) - Math.min(...rates)).toBeLessThan(0.02);
  });

  it('finds the published raw rates and errors beside them', () => {
    for (const { p, published } of turbo) {
      const { mean, standardError } = estimate(p);
      expect(Math.abs(100 * mean - published.win_rate)).toBeLessThan(1e-5);
      expect(Math.abs(100 * standardError - published.standard_error)).toBeLessThan(1e-5);
    }
  });

  it('gives the baseline against itself one half', () => {
    const baseline = turbo[0]?.baseline ?? [];
    expect(baseline.length).toBe(805);
    const same = pairs(
      baseline.map(() => 0.5),
      { model: baseline, baseline },
    );
    expect(controlled(same)).toMatchObject({
      rate: 0.5,
      low: 0.5,
      high: 0.5,
      slope: 0,
      overlap: 1,
      extrapolates: false,
    });
  });

  it('mirrors: the baseline has the rest', () => {
    const pair = fc.record({
      prompt: fc.integer({ min: 0, max: 9 }).map(String),
      score: fc.constantFrom(0, 0.25, 0.5, 1),
      modelLength: fc.integer({ min: 0, max: 2000 }),
      baselineLength: fc.integer({ min: 0, max: 2000 }),
    });
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 30 }), (all) => {
        const { rate, low, high, slope } = controlled(all, 5);
        const mirrored = controlled(
          all.map(({ prompt, score, modelLength, baselineLength }) => ({
            prompt,
            score: 1 - score,
            modelLength: baselineLength,
            baselineLength: modelLength,
          })),
          5,
        );
        expect(rate + mirrored.rate).toBeCloseTo(1, 6);
        for (const value of [rate, low, high, slope]) expect(Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('is 1 when the model always wins, and undefined without pairs', () => {
    expect(controlled(pairs([1, 1, 1], { model: [1, 2, 3], baseline: [3, 1, 2] })).rate).toBeCloseTo(1, 6);
    expect(lengthControl([])).toBeUndefined();
  });

  it('warns when one side is nearly always the longer', () => {
    const baseline = Array.from({ length: 20 }, (_, i) => 100 + i);
    const longer = baseline.map((length, i) => (i === 0 ? length - 10 : length + 50 + i));
    const { overlap, extrapolates } = controlled(pairs(Array(20).fill(0.5) as number[], { model: longer, baseline }));
    expect([overlap, extrapolates]).toEqual([0.05, true]);
  });
});

it('intervals by refitting hold the truth in 93 to 97 of 100 experiments', () => {
  // Verdicts of 0 and 1, whose judge likes length: σ(−0.4 + 1.0 · tanh(Δ / 400)), Δ around 150 with deviation 400.
  const uniform = random(18);
  const gaussian = normal(uniform);
  const truth = 1 / (1 + Math.exp(0.4));
  let covering = 0;
  for (let experiment = 0; experiment < 500; experiment++) {
    const verdicts = Array.from({ length: 120 }, (_, i) => {
      const gap = 150 + 400 * gaussian();
      const chance = 1 / (1 + Math.exp(0.4 - Math.tanh(gap / 400)));
      return { prompt: String(i), score: uniform() < chance ? 1 : 0, modelLength: 3000 + gap, baselineLength: 3000 };
    });
    const control = lengthControl(verdicts, { resamples: 120, seed: experiment });
    if (control !== undefined && control.low <= truth && truth <= control.high) covering++;
  }
  expect(covering / 500).toBeGreaterThanOrEqual(0.93);
  expect(covering / 500).toBeLessThanOrEqual(0.97);
});

it('the length ruler and the bins, by hand', () => {
  // Lengths 10:5 (ratio 2), 5:10 (½), 9:10 (0.9), 10:10 (1), 3:0 and 0:0; scores 1, 1, ½, 0, 1, ½.
  const bias = lengthBias(
    pairs([1, 1, 0.5, 0, 1, 0.5], { model: [10, 5, 9, 10, 3, 0], baseline: [5, 10, 10, 10, 0, 0] }),
  );
  // The longer answer's share in the four unequal pairs: 1, 0, ½, 1.
  expect(bias?.longerWins).toBe(2.5 / 4);
  // The ruler picks the model in two, the baseline in two, none in two.
  expect(bias?.ruler).toBe(0.5);
  expect(bias?.bins.map(({ pairs: n, rate }) => [n, rate])).toEqual([
    [0, undefined],
    [1, 1],
    [3, 1 / 3],
    [0, undefined],
    [2, 1],
  ]);
  expect(lengthBias([])).toBeUndefined();
});
