import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LogitLimits, tokenLogps } from './token-logps.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

const [R, D, V] = [7, 4, 11];
const numbers = (size: number, seed: number) =>
  Float32Array.from({ length: size }, (_, i) => 2 * ((0.21 + (i + 100 * seed) * 0.618034) % 1) - 1);
const hidden = () => tf.tensor2d(numbers(R * D, 1), [R, D]);
const unembedding = () => tf.tensor2d(numbers(V * D, 2), [V, D]);
const targets = () => tf.tensor1d([3, 0, 10, 3, 5, 9, 1], 'int32');

const bias = () => tf.tensor1d(numbers(V, 4));

const plain = (h: tf.Tensor, w: tf.Tensor, b?: tf.Tensor, cap?: number) => {
  const products = tf.matMul(h, w, false, true);
  const sums = b === undefined ? products : tf.add(products, b);
  const logits = cap === undefined ? sums : tf.mul(tf.tanh(tf.div(sums, cap)), cap);
  return tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(targets(), V)), 1);
};

/** A target has 44 bytes of logits. All 7 are kept; or pieces have two targets at most; or one. */
const limits: readonly (readonly [string, LogitLimits])[] = [
  ['logits kept', {}],
  ['in four pieces', { keep: 7 * 44 - 1, piece: 2 * 44 }],
  ['a piece to a target', { keep: 0, piece: 1 }],
];

const heads = [
  ['', false, undefined],
  [', with a bias', true, undefined],
  [', capped', false, 1.5],
  [', with a bias, capped', true, 1.5],
] as const;

describe('log-softmax at the targets', () => {
  const cases = limits.flatMap(([name, limit]) =>
    heads.map(([more, biased, cap]) => [name + more, limit, biased, cap] as const),
  );

  it.each(cases)('%s: value and gradients of the plain formula', (_, limit, biased, cap) => {
    const dy = tf.tensor1d(numbers(R, 3));
    const run = (f: (h: tf.Tensor, w: tf.Tensor, b?: tf.Tensor) => tf.Tensor) => {
      const inputs = [hidden(), unembedding(), ...(biased ? [bias()] : [])];
      const op = (...[h, w, b]: tf.Tensor[]) => f(h as tf.Tensor, w as tf.Tensor, b);
      return [op(...inputs), ...tf.grads(op)(inputs, dy)];
    };
    const got = run((h, w, b) => {
      const head = { unembedding: w as tf.Tensor2D, bias: b as tf.Tensor1D | undefined, cap };
      return tokenLogps(h as tf.Tensor2D, head, targets(), limit);
    });
    const want = run((h, w, b) => plain(h, w, b, cap));
    expect(got).toHaveLength(biased ? 4 : 3);
    got.forEach((tensor, i) => {
      expect(tensor.shape).toEqual(want[i]?.shape);
      const expected = want[i]?.dataSync() ?? [];
      tensor.dataSync().forEach((value, k) => {
        expect(value).toBeCloseTo(expected[k] as number, 5);
      });
    });
  });

  it('never holds the logits of all targets when they are computed in pieces', async () => {
    const [targetCount, width, vocabulary] = [8, 2, 40];
    const h = tf.tensor2d(numbers(targetCount * width, 1), [targetCount, width]);
    const w = tf.tensor2d(numbers(vocabulary * width, 2), [vocabulary, width]);
    const columns = tf.tensor1d([3, 0, 10, 39, 5, 9, 1, 7], 'int32');
    const largestBeside = async (limit: LogitLimits) => {
      const op = (x: tf.Tensor, u: tf.Tensor) =>
        tf.sum(tokenLogps(x as tf.Tensor2D, { unembedding: u as tf.Tensor2D }, columns, limit));
      const { kernels } = await tf.profile(() => tf.grads(op)([h, w]));
      return Math.max(...kernels.flatMap((kernel) => kernel.outputShapes.map((shape) => tf.util.sizeFromShape(shape))));
    };
    // The logits of two targets are as large as the unembedding.
    expect(await largestBeside({ keep: 0, piece: 2 * 4 * vocabulary })).toBe(vocabulary * width);
    expect(await largestBeside({})).toBe(targetCount * vocabulary);
  });

  it.each(limits)('%s: stays finite when logits are far apart', (_, limit) => {
    const h = tf.tensor2d([100, -100], [2, 1]);
    const w = tf.tensor2d([10, 0, -10], [3, 1]);
    const got = tokenLogps(h, { unembedding: w }, tf.tensor1d([2, 2], 'int32'), limit).dataSync();
    expect([...got]).toEqual([-2000, 0]);
  });
});
