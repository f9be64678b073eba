import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnswerStates, tokenDivergences } from './token-divergences.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

const [R, D, V] = [7, 4, 11];
const numbers = (size: number, seed: number, scale = 2) =>
  Float32Array.from({ length: size }, (_, i) => scale * (((0.21 + (i + 100 * seed) * 0.618034) % 1) - 0.5));
const targets = () => tf.tensor1d([3, 0, 10, 3, 5, 9, 1], 'int32');
const policy = (): AnswerStates => ({
  states: tf.tensor2d(numbers(R * D, 1), [R, D]),
  head: { unembedding: tf.tensor2d(numbers(V * D, 2), [V, D]), bias: tf.tensor1d(numbers(V, 4)), cap: 1.5 },
});
/** A reference of another width than the policy. */
const reference = (): AnswerStates => ({
  states: tf.tensor2d(numbers(R * 3, 5), [R, 3]),
  head: { unembedding: tf.tensor2d(numbers(V * 3, 6, 4), [V, 3]) },
});
/** States of width V that have these logits. */
const withLogits = (logits: readonly (readonly number[])[]): AnswerStates => {
  const width = logits[0]?.length ?? 0;
  return {
    states: tf.tensor2d(logits.flat(), [logits.length, width]),
    head: { unembedding: tf.eye(width) },
  };
};

/** Log-softmax in double precision. */
function logSoftmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const total = largest + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - largest), 0));
  return logits.map((z) => z - total);
}
function byFormula(p: readonly number[], q: readonly number[]): number {
  const [logP, logQ] = [logSoftmax(p), logSoftmax(q)];
  return logP.reduce((sum, logp, v) => sum + Math.exp(logp) * (logp - (logQ[v] as number)), 0);
}
const logitsOf = ({ states, head: { unembedding, bias, cap } }: AnswerStates): number[][] => {
  const products = tf.matMul(states, unembedding, false, true);
  const sums = bias === undefined ? products : tf.add(products, bias);
  return (cap === undefined ? sums : tf.mul(tf.tanh(tf.div(sums, cap)), cap)).arraySync() as number[][];
};

describe('the divergence of two distributions', () => {
  it.each([
    ['at once', {}],
    ['two targets at a time', { piece: 2 * 4 * 4 * V }],
    ['one target at a time', { piece: 1 }],
  ])('%s: KL and log-ratios are those of the formula', (_, limits) => {
    const [p, q] = [policy(), reference()];
    const got = tokenDivergences(p, q, targets(), limits);
    const [ofP, ofQ] = [logitsOf(p), logitsOf(q)];
    const ids = targets().arraySync();
    const [kl, logRatio] = [got.kl.arraySync(), got.logRatio.arraySync()];
    for (let r = 0; r < R; r++) {
      const [pLogits, qLogits, id] = [ofP[r] as number[], ofQ[r] as number[], ids[r] as number];
      expect(kl[r]).toBeCloseTo(byFormula(pLogits, qLogits), 5);
      expect(logRatio[r]).toBeCloseTo((logSoftmax(pLogits)[id] as number) - (logSoftmax(qLogits)[id] as number), 5);
    }
  });

  it('is exactly 0 for two models that are the same', () => {
    expect(tokenDivergences(policy(), policy(), targets()).kl.arraySync()).toEqual(Array(R).fill(0));
  });

  it('keeps its digits when the two are nearly the same, and is never below 0', () => {
    // Logits exact in float32, moved by 2⁻¹²: the plain sum in float32 is off by as much as its value, 1e-7.
    const logits = Array.from({ length: 20 }, (_, r) =>
      Array.from({ length: V }, (_, v) => Math.round(8 * Math.sin(3 * r + 5 * v)) / 4),
    );
    const nearby = logits.map((row, r) => row.map((z, v) => z + Math.round(2 * Math.cos(r + v * v)) * 2 ** -12));
    const targetsOf = tf.zeros<tf.Rank.R1>([20], 'int32');
    const got = tokenDivergences(withLogits(logits), withLogits(nearby), targetsOf).kl.arraySync();
    for (const [r, kl] of got.entries()) {
      expect(kl).toBeGreaterThanOrEqual(0);
      const want = byFormula(logits[r] as number[], nearby[r] as number[]);
      expect(want).toBeLessThan(2e-7);
      expect(Math.abs(kl - want), `target ${r}: ${kl} for ${want}`).toBeLessThan(0.01 * want);
    }
  });

  it('stays finite when one model is sure of a token that the other rules out', () => {
    const got = tokenDivergences(withLogits([[300, 0]]), withLogits([[0, 300]]), tf.tensor1d([0], 'int32'));
    expect([got.kl.arraySync()[0], got.logRatio.arraySync()[0]]).toEqual([300, 300]);
  });

  it('never holds the logits of all targets when they are computed in pieces', async () => {
    const [targetCount, vocabulary] = [16, 40];
    const wide = (seed: number): AnswerStates => ({
      states: tf.tensor2d(numbers(targetCount * 2, seed), [targetCount, 2]),
      head: { unembedding: tf.tensor2d(numbers(vocabulary * 2, seed + 1), [vocabulary, 2]) },
    });
    const largest = async (piece: number) => {
      const ids = tf.zeros<tf.Rank.R1>([targetCount], 'int32');
      const { kernels } = await tf.profile(() => tokenDivergences(wide(1), wide(3), ids, { piece }).kl);
      return Math.max(...kernels.flatMap((kernel) => kernel.outputShapes.map((shape) => tf.util.sizeFromShape(shape))));
    };
    expect(await largest(4 * 4 * vocabulary * targetCount)).toBe(targetCount * vocabulary);
    expect(await largest(4 * 4 * vocabulary * 2)).toBe(2 * vocabulary);
  });
});
