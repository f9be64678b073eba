import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ktoKl, ktoLoss } from '../losses/kto-loss.js';
import { plackettLuceLoss } from '../losses/plackett-luce-loss.js';
import { preferenceLosses } from '../losses/registry.js';

await testEngine();
await tf.setBackend('cpu');

const logp = fc.double({ min: -200, max: 0, noNaN: true }).map(Math.fround);
const vector = (...values: number[]) => tf.tensor1d(values);

describe('KTO', () => {
  const kto = (policy: number, desirable: 0 | 1, kl = 0, options = {}) => {
    const run = (x: tf.Tensor) =>
      ktoLoss(x as tf.Tensor1D, vector(0), vector(desirable), tf.scalar(kl), { beta: 0.5, ...options });
    const { losses, rewards } = run(vector(policy));
    const gradient = tf.grad((x) => tf.sum(run(x).losses))(vector(policy));
    return {
      loss: losses.dataSync()[0] as number,
      reward: rewards.dataSync()[0],
      gradient: gradient.dataSync()[0] as number,
    };
  };
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

  it('by hand: half of the weight at the reference, less when the answer goes the right way', () => {
    expect(kto(0, 1).loss).toBeCloseTo(0.5, 6);
    expect(kto(0, 0, 0, { undesirableWeight: 3 }).loss).toBeCloseTo(1.5, 6);
    // s = 1, β z₀ = 0.25
    expect(kto(2, 1, 0.5).loss).toBeCloseTo(1 - sigmoid(0.75), 6);
    expect(kto(2, 0, 0.5).loss).toBeCloseTo(1 - sigmoid(-0.75), 6);
    expect(kto(2, 1).reward).toBe(1);
    // dL/ds = −λ σ′, times β
    expect(kto(2, 1, 0.5, { desirableWeight: 2 }).gradient).toBeCloseTo(-2 * 0.5 * sigmoid(0.75) * sigmoid(-0.75), 6);
  });

  it('of a desirable and an undesirable answer with the same reward, losses add up to 1 and gradients to 0', () => {
    fc.assert(
      fc.property(logp, fc.double({ min: 0, max: 20, noNaN: true }), (x, kl) => {
        const [good, bad] = [kto(x, 1, kl), kto(x, 0, kl)];
        expect(good.loss + bad.loss).toBeCloseTo(1, 5);
        expect(good.gradient + bad.gradient).toBeCloseTo(0, 6);
      }),
      { numRuns: 50 },
    );
  });

  it('stays finite at rewards of ±1e4', () => {
    for (const x of [1e4, -1e4, 1e5, -1e5])
      for (const desirable of [0, 1] as const)
        for (const value of Object.values(kto(x, desirable, 1e4))) expect(Number.isFinite(value)).toBe(true);
  });

  it('estimates the KL divergence by the mean log-ratio, never below 0', () => {
    expect(ktoKl([1, 2, 6])).toBe(3);
    expect(ktoKl([1, -4])).toBe(0);
  });

  it('refuses a negative weight', () => {
    expect(() => kto(0, 1, 0, { desirableWeight: -1 })).toThrow(expect.objectContaining({ code: 'loss.out-of-range' }));
  });
});

describe('Plackett–Luce', () => {
  const run = (rows: number[][], reference = rows.map((row) => row.map(() => 0)), betaOf = 0.5) => {
    const loss = (x: tf.Tensor) => plackettLuceLoss(x as tf.Tensor2D, tf.tensor2d(reference), { beta: betaOf });
    const gradient = tf.grad((x) => tf.sum(loss(x).losses))(tf.tensor2d(rows));
    return { losses: [...loss(tf.tensor2d(rows)).losses.dataSync()], gradient: [...gradient.dataSync()] };
  };

  it('is ln K! at the reference', () => {
    expect(run([[-3, -3]]).losses[0]).toBeCloseTo(Math.LN2, 6);
    expect(run([[-7, -2, -4, -9]], [[-7, -2, -4, -9]]).losses[0]).toBeCloseTo(Math.log(24), 5);
  });

  it('by hand: the first of three, then the second of two', () => {
    const [a, b, c] = [1, 0.5, -1];
    const { exp, log } = Math;
    const expected = log(exp(a) + exp(b) + exp(c)) - a + log(exp(b) + exp(c)) - b;
    expect(run([[2, 1, -2]]).losses[0]).toBeCloseTo(expected, 6);
  });

  it('with two answers is DPO', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(logp, logp), { minLength: 1, maxLength: 4 }), (pairs) => {
        const [chosen, rejected] = [vector(...pairs.map(([c]) => c)), vector(...pairs.map(([, r]) => r))];
        const zero = tf.zerosLike(chosen);
        const { losses } = preferenceLosses.dpo.loss(chosen, rejected, zero, zero, { beta: 0.5 });
        const want = [...losses.dataSync()];
        run(pairs.map((pair) => [...pair])).losses.forEach((loss, i) => {
          expect(Math.abs(loss - (want[i] as number))).toBeLessThan(1e-5 * Math.max(1, want[i] as number));
        });
      }),
      { numRuns: 40 },
    );
  });

  it('does not change when all rewards shift, so that its gradient sums to 0', () => {
    fc.assert(
      fc.property(fc.array(logp, { minLength: 2, maxLength: 6 }), (row) => {
        expect(run([row]).gradient.reduce((sum, g) => sum + g, 0)).toBeCloseTo(0, 4);
      }),
      { numRuns: 40 },
    );
  });

  it('stays finite at rewards of ±1e4', () => {
    const { losses, gradient } = run([
      [1e5, -1e5, 0],
      [-1e5, 0, 1e5],
    ]);
    for (const value of [...losses, ...gradient]) expect(Number.isFinite(value)).toBe(true);
  });
});
