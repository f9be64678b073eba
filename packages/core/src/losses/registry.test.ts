import { readFileSync } from 'node:fs';
import { DpoError } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Evaluation, evaluate, evaluateLoss, names, pair } from './_evaluate-for-tests.js';
import { type PreferenceLossName, preferenceLoss, preferenceLosses, rowLosses, stepLosses } from './registry.js';
import { weightedSum } from './weighted-sum.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

interface Fixture {
  readonly policy: readonly [number[], number[]];
  readonly reference: readonly [number[], number[]];
  readonly lengths: readonly [number[], number[]];
  readonly cases: readonly {
    readonly name: PreferenceLossName;
    readonly beta: number;
    readonly labelSmoothing: number;
    readonly losses: readonly number[];
    readonly rewards: readonly [number[], number[]];
    readonly gradient: readonly [number[], number[]];
  }[];
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../../../../tooling/parity/fixtures/core/losses.json', import.meta.url), 'utf8'),
);

describe('parity with PyTorch', () => {
  const at = (columns: readonly [number[], number[]], i: number) =>
    [columns[0][i] as number, columns[1][i] as number] as [number, number];
  const pairs = fixture.policy[0].map((_, i) =>
    pair(at(fixture.policy, i), at(fixture.reference, i), at(fixture.lengths, i)),
  );

  it('covers every loss', () => {
    expect(fixture.cases.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  it.each(fixture.cases.map((c) => [c.name, c] as const))('%s: values and gradients', (name, expected) => {
    const got = evaluate(name, pairs, { beta: expected.beta, labelSmoothing: expected.labelSmoothing });
    // Log-probabilities of some hundreds in float32 leave a log-ratio an error of some 3e-5.
    near(got.losses, expected.losses);
    for (const side of [0, 1] as const) {
      near(got.rewards[side] as number[], expected.rewards[side]);
      near(got.gradient[side] as number[], expected.gradient[side]);
    }
  });

  function near(got: readonly number[], expected: readonly number[]) {
    expect(got.length).toBe(expected.length);
    got.forEach((value, i) => {
      const want = expected[i] as number;
      expect(Math.abs(value - want), `pair ${i}: got ${value}, want ${want}`).toBeLessThan(
        1e-4 * Math.max(Math.abs(want), 1),
      );
    });
  }
});

describe('properties', () => {
  const logp = fc.double({ min: -200, max: 0, noNaN: true }).map(Math.fround);
  const anyPair = fc.record({
    policy: fc.tuple(logp, logp),
    reference: fc.tuple(logp, logp),
    lengths: fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })),
  });

  it('swapping the answers swaps the rewards, so that the margin is negated', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), anyPair, (name, p) => {
        const swap = ([a, b]: readonly [number, number]) => [b, a] as const;
        const swapped = { policy: swap(p.policy), reference: swap(p.reference), lengths: swap(p.lengths) };
        const { rewards } = evaluate(name, [p]);
        const back = evaluate(name, [swapped]).rewards;
        expect(back).toEqual([rewards[1], rewards[0]]);
      }),
      { numRuns: 60 },
    );
  });

  // The losses that read policy and reference only through their ratio; RPO adds the policy's own likelihood.
  const ofRatios = names.filter((name) => preferenceLosses[name].needsReference && name !== 'rpo');

  it('a loss without a reference does not read it', () => {
    for (const name of names.filter((name) => !preferenceLosses[name].needsReference))
      expect(evaluate(name, [pair([-8, -23], [-10, -20])])).toEqual(evaluate(name, [pair([-8, -23], [0, 0])]));
  });

  it('adding the same to both of an answer’s log-probabilities changes nothing', () => {
    // Multiples of 1/8 are exact in float32, so that the results are exactly equal.
    const eighth = fc.integer({ min: -800, max: 0 }).map((n) => n / 8);
    const exact = fc.record({ policy: fc.tuple(eighth, eighth), reference: fc.tuple(eighth, eighth) });
    fc.assert(
      fc.property(fc.constantFrom(...ofRatios), exact, eighth, (name, p, shift) => {
        const moved = {
          policy: [p.policy[0] + shift, p.policy[1]] as const,
          reference: [p.reference[0] + shift, p.reference[1]] as const,
        };
        expect(evaluate(name, [moved]).losses).toEqual(evaluate(name, [p]).losses);
      }),
      { numRuns: 60 },
    );
  });

  it('each pair stands alone: a batch gives what its pairs give', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(anyPair, { minLength: 2, maxLength: 5 }), (name, pairs) => {
        expect(evaluate(name, pairs).losses).toEqual(pairs.flatMap((p) => evaluate(name, [p]).losses));
      }),
      { numRuns: 40 },
    );
  });

  it('stays finite, with finite gradients, at margins of ±1e4', () => {
    const far = [1e4, -1e4, 1e5, -1e5, 0].flatMap((margin) => [
      pair([margin, 0], [0, 0], [1, 1]),
      pair([0, -margin], [0, 0], [1, 1]),
    ]);
    for (const name of names)
      for (const beta of [0.1, 1]) {
        const { losses, gradient, rewards } = evaluate(name, far, { beta, labelSmoothing: 0.1 });
        for (const value of [...losses, ...gradient.flat(), ...rewards.flat()])
          expect(Number.isFinite(value), name).toBe(true);
      }
  });

  it('the α-divergence tends to DPO as α → 1, and to the forward KL divergence as α → 0', () => {
    const modest = fc.double({ min: -4, max: 0, noNaN: true }).map(Math.fround);
    const near = fc.record({ policy: fc.tuple(modest, modest), reference: fc.tuple(modest, modest) });
    fc.assert(
      fc.property(near, (p) => {
        const at = (alpha: number) => evaluate('dpo-alpha', [p], { alpha, beta: 0.5 }).losses[0] as number;
        expect(at(0.9999)).toBeCloseTo(evaluate('dpo', [p], { beta: 0.5 }).losses[0] as number, 2);
        const forward = evaluate('dpo-forward-kl', [p], { beta: 0.5 }).losses[0] as number;
        expect(Math.abs(at(0.0001) - forward)).toBeLessThan(2e-3 * Math.max(1, forward));
      }),
      { numRuns: 50 },
    );
  });

  it('a weighted sum adds values and gradients, and keeps the first loss’s rewards', () => {
    fc.assert(
      fc.property(anyPair, fc.double({ min: -3, max: 3, noNaN: true }), (p, weight) => {
        const names = ['dpo', 'rpo'] as const;
        const [first, second] = names.map((name) => evaluate(name, [p])) as [Evaluation, Evaluation];
        const terms = [{ loss: preferenceLosses.dpo.loss }, { loss: preferenceLosses.rpo.loss, weight }];
        const sum = evaluateLoss(weightedSum(terms), [p]);
        const near = (got: number, a: number, b: number) =>
          expect(Math.abs(got - (a + weight * b))).toBeLessThan(1e-4 * Math.max(1, Math.abs(a), Math.abs(weight * b)));
        near(sum.losses[0] as number, first.losses[0] as number, second.losses[0] as number);
        for (const side of [0, 1] as const)
          near(
            sum.gradient[side]?.[0] as number,
            first.gradient[side]?.[0] as number,
            second.gradient[side]?.[0] as number,
          );
        expect(sum.rewards).toEqual(first.rewards);
      }),
      { numRuns: 40 },
    );
  });

  it('DPO still tells margins of ±1e4 apart', () => {
    const { losses, gradient } = evaluate('dpo', [pair([1e4, 0], [0, 0]), pair([-1e4, 0], [0, 0])], { beta: 1 });
    expect(losses).toEqual([0, 1e4]);
    expect(gradient[0]).toEqual([-0, -1]);
  });
});

describe('the registry', () => {
  it('is the table in the README', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const table = readme.split('\n').flatMap((line) => {
      // A bar inside a cell is written \|.
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
      return /^`[a-z-]+`$/.test(cells[1] ?? '') ? [cells.slice(1, -1)] : [];
    });
    expect(table).toEqual(
      Object.entries({ ...preferenceLosses, ...stepLosses, ...rowLosses }).map(
        ([name, { title, formula, source, needsReference }]) => [
          `\`${name}\``,
          title,
          formula,
          needsReference ? 'yes' : 'no',
          source,
        ],
      ),
    );
  });

  it('finds a loss by name', () => {
    expect(preferenceLoss('dpo')).toBe(preferenceLosses.dpo);
  });

  it('names the nearest loss when there is none of the name', () => {
    expect(() => preferenceLoss('ipo-sums')).toThrow(
      expect.objectContaining({ code: 'loss.unknown', hint: 'Did you mean ipo-sum?' }),
    );
    expect(() => preferenceLoss('toString')).toThrow(DpoError);
  });

  it('refuses what a loss cannot work with', () => {
    const x = tf.tensor1d([0]);
    expect(() => preferenceLosses.ipo.loss(x, x, x, x, {})).toThrow(
      expect.objectContaining({ code: 'loss.needs-lengths' }),
    );
    for (const refused of [
      () => preferenceLosses.robust.loss(x, x, x, x, { labelSmoothing: 0.5 }),
      () => preferenceLosses.exo.loss(x, x, x, x, { labelSmoothing: 0 }),
      () => preferenceLosses.discopop.loss(x, x, x, x, { temperature: 1 }),
      () => preferenceLosses['dpo-alpha'].loss(x, x, x, x, { alpha: 1 }),
      () => weightedSum([]),
      () => weightedSum([{ loss: preferenceLosses.dpo.loss, weight: Number.NaN }]),
    ])
      expect(refused).toThrow(expect.objectContaining({ code: 'loss.out-of-range' }));
  });
});
