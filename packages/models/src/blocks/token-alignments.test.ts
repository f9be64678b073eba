import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { tokenAlignments } from './token-alignments.js';
import type { LogitLimits } from './token-logps.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

const [R, D, V] = [7, 4, 11];
const numbers = (size: number, seed: number) =>
  Float32Array.from({ length: size }, (_, i) => 2 * ((0.21 + (i + 100 * seed) * 0.618034) % 1) - 1);
const targets = tf.tensor1d([3, 0, 10, 3, 5, 9, 1], 'int32');
const limits: readonly (readonly [string, LogitLimits])[] = [
  ['at once', {}],
  ['in pieces', { keep: 0, piece: 2 * 44 }],
];

describe('the alignment of tokens with what the model draws', () => {
  it.each(limits)('%s: has the value of the plain formula, and no gradient', (_, limit) => {
    const [hidden, unembedding] = [tf.tensor2d(numbers(R * D, 1), [R, D]), tf.tensor2d(numbers(V * D, 2), [V, D])];
    const of = (x: tf.Tensor, u: tf.Tensor) =>
      tokenAlignments(x as tf.Tensor2D, { unembedding: u as tf.Tensor2D }, targets, limit);
    const logps = tf.logSoftmax(tf.matMul(hidden, unembedding, false, true));
    const own = tf.log(tf.sum(tf.exp(tf.mul(logps, 2)), 1));
    const want = tf.sub(tf.sum(tf.mul(logps, tf.oneHot(targets, V)), 1), own).dataSync();
    of(hidden, unembedding)
      .dataSync()
      .forEach((value, r) => {
        expect(value).toBeCloseTo(want[r] as number, 5);
      });
    const gradient = tf.grad((x) => tf.sum(of(x, unembedding)))(hidden);
    expect([...gradient.dataSync()]).toEqual(new Array(R * D).fill(0));
  });

  it('is 0 when all tokens are equally likely', () => {
    const got = tokenAlignments(tf.zeros([R, D]), { unembedding: tf.ones([V, D]) }, targets).dataSync();
    for (const value of got) expect(value).toBeCloseTo(0, 6);
  });
});
