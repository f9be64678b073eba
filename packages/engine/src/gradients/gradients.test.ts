import '@tensorflow/tfjs-backend-cpu';
import './register.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A function of one tensor, the shape of its input, and optionally the range of the input's elements. */
type Case = [name: string, f: (x: tf.Tensor) => tf.Tensor, shape: readonly number[], low?: number, high?: number];

const other = () => tf.tensor([0.7, -1.3, 0.4, 1.1, -0.6, 0.9], [2, 3]);
const row = () => tf.tensor([0.5, -0.8, 1.2], [3]);
const matrix = () => tf.tensor([0.3, -0.7, 1.1, 0.2, 0.9, -0.4], [3, 2]);
const cube = () => tf.tensor([0.3, -0.7, 1.1, 0.2, 0.9, -0.4, 0.6, 0.8, -0.1, 0.5, -0.2, 1.3], [2, 3, 2]);

const cases: Case[] = [
  ['add, broadcast', (x) => tf.add(other(), x), [3]],
  ['sub, broadcast', (x) => tf.sub(other(), x), [2, 1]],
  ['mul', (x) => tf.mul(x, other()), [2, 3]],
  ['mul, broadcast', (x) => tf.mul(other(), x), [3]],
  ['mul by itself', (x) => tf.mul(x, x), [2, 3]],
  ['div, numerator', (x) => tf.div(x, other()), [2, 3]],
  ['div, denominator', (x) => tf.div(other(), x), [3], 0.5, 2],
  ['maximum', (x) => tf.maximum(x, row()), [2, 3]],
  ['minimum', (x) => tf.minimum(row(), x), [2, 3]],
  ['squaredDifference', (x) => tf.squaredDifference(x, row()), [2, 3]],
  ['pow, base', (x) => tf.pow(x, tf.scalar(2.5)), [2, 3], 0.5, 2],
  ['pow, exponent', (x) => tf.pow(tf.tensor([0.5, 1.5, 2.5]), x), [2, 3], 0.5, 2],
  ['where', (x) => tf.where(tf.greater(other(), 0), tf.mul(x, 2), tf.square(x)), [2, 3]],
  ['addN', (x) => tf.addN([x, tf.square(x), x]), [2, 3]],
  ['neg, cast, clone', (x) => tf.neg(tf.clone(tf.cast(x, 'float32'))), [3]],
  ['abs', (x) => tf.abs(x), [2, 3]],
  ['log', (x) => tf.log(x), [3], 0.5, 2],
  ['log1p', (x) => tf.log1p(x), [3], 0.5, 2],
  ['expm1', (x) => tf.expm1(x), [3]],
  ['softplus', (x) => tf.softplus(x), [3]],
  ['sin, cos', (x) => tf.add(tf.sin(x), tf.cos(x)), [3]],
  ['erf', (x) => tf.erf(x), [3]],
  ['relu', (x) => tf.relu(x), [2, 3]],
  ['exp', (x) => tf.exp(x), [3]],
  ['sqrt, rsqrt', (x) => tf.add(tf.sqrt(x), tf.rsqrt(x)), [3], 0.5, 2],
  ['reciprocal', (x) => tf.reciprocal(x), [3], 0.5, 2],
  ['tanh, sigmoid', (x) => tf.mul(tf.tanh(x), tf.sigmoid(x)), [3]],
  ['clipByValue', (x) => tf.clipByValue(x, -0.4, 0.6), [2, 3]],
  ['sum of one axis', (x) => tf.square(tf.sum(x, 1)), [2, 3]],
  ['sum of all', (x) => tf.square(tf.sum(x)), [2, 3]],
  ['mean, kept', (x) => tf.mul(tf.mean(x, 0, true), row()), [2, 3]],
  ['max', (x) => tf.max(x, 1), [2, 3]],
  ['min', (x) => tf.min(x, 0), [2, 3]],
  ['softmax', (x) => tf.softmax(x), [2, 3]],
  ['logSoftmax', (x) => tf.logSoftmax(x), [2, 3]],
  ['cumsum', (x) => tf.square(tf.cumsum(x, 1)), [2, 3]],
  ['cumsum, exclusive and reversed', (x) => tf.square(tf.cumsum(x, 1, true, true)), [2, 3]],
  ['reshape, expandDims', (x) => tf.expandDims(tf.reshape(x, [3, 2]), 1), [2, 3]],
  ['transpose', (x) => tf.transpose(x, [2, 0, 1]), [2, 3, 2]],
  ['slice', (x) => tf.slice(x, [0, 1], [2, -1]), [2, 3]],
  [
    'pad',
    (x) =>
      tf.square(
        tf.pad(x, [
          [1, 0],
          [0, 2],
        ]),
      ),
    [2, 3],
  ],
  ['tile', (x) => tf.square(tf.tile(x, [2, 3])), [2, 3]],
  ['broadcastTo', (x) => tf.mul(tf.broadcastTo(x, [2, 3]), other()), [1, 3]],
  ['reverse', (x) => tf.reverse(x, 1), [2, 3]],
  ['concat', (x) => tf.square(tf.concat([x, other(), x], -1)), [2, 3]],
  ['split', (x) => tf.mul(...(tf.split(x, 2, 0) as [tf.Tensor, tf.Tensor])), [2, 3]],
  ['split into one', (x) => tf.square(tf.concat(tf.split(x, [2], 0))), [2, 3]],
  ['unstack into one', (x) => tf.square(tf.stack(tf.unstack(x, 0))), [1, 3]],
  ['stack, unstack', (x) => tf.mul(tf.stack(tf.unstack(x, 1), 1), other()), [2, 3]],
  ['gather, repeated rows', (x) => tf.square(tf.gather(x, tf.tensor1d([1, 0, 1], 'int32'))), [2, 3]],
  ['gather, axis 1', (x) => tf.square(tf.gather(x, tf.tensor1d([2, 2, 0], 'int32'), 1)), [2, 3]],
  [
    'gather, batched',
    (x) =>
      tf.square(
        tf.gather(
          x,
          tf.tensor2d(
            [
              [2, 2],
              [0, 1],
            ],
            [2, 2],
            'int32',
          ),
          1,
          1,
        ),
      ),
    [2, 3],
  ],
  ['unsortedSegmentSum', (x) => tf.square(tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1], 'int32'), 3)), [3, 2]],
  [
    'gatherND',
    (x) =>
      tf.square(
        tf.gatherND(
          x,
          tf.tensor2d(
            [
              [1, 2],
              [0, 0],
            ],
            [2, 2],
            'int32',
          ),
        ),
      ),
    [2, 3],
  ],
  ['matMul, left', (x) => tf.matMul(x, matrix()), [2, 3]],
  ['matMul, left transposed', (x) => tf.matMul(x, matrix(), true), [3, 2]],
  ['matMul, right', (x) => tf.matMul(matrix(), x), [2, 3]],
  ['matMul, right transposed', (x) => tf.matMul(matrix(), x, false, true), [3, 2]],
  ['matMul, both transposed', (x) => tf.matMul(matrix(), x, true, true), [2, 3]],
  ['matMul, batches', (x) => tf.matMul(cube(), x), [2, 2, 3]],
  ['matMul, batches, transposed', (x) => tf.matMul(x, cube(), true, false), [2, 3, 2]],
];

describe('gradients equal finite differences', () => {
  it.each<Case>(cases)('%s', (_, f, shape, low = -1, high = 1) => {
    const size = shape.reduce((a, b) => a * b, 1);
    // The golden ratio spreads the elements over the range, so that no two are equal and none lies at a kink.
    const at = Float32Array.from({ length: size }, (_, i) => low + (high - low) * ((0.11 + i * 0.618034) % 1));
    // The weights of the sum differ, so that every output's gradient counts.
    const scalar = (x: tf.Tensor): tf.Scalar => {
      const y = f(x);
      const weights = tf.tensor(
        Array.from({ length: y.size }, (_, i) => 1 + 0.3 * i),
        y.shape,
      );
      return tf.sum(tf.mul(y, weights));
    };
    const gradient = tf
      .grad(scalar)(tf.tensor(at, [...shape]))
      .dataSync();
    const value = (i: number, h: number) => {
      const moved = at.slice();
      moved[i] = (moved[i] as number) + h;
      return scalar(tf.tensor(moved, [...shape])).dataSync()[0] as number;
    };
    const h = 2e-3;
    for (let i = 0; i < size; i++) {
      const expected = (value(i, h) - value(i, -h)) / (2 * h);
      expect(Math.abs((gradient[i] as number) - expected)).toBeLessThan(4e-3 * (1 + Math.abs(expected)));
    }
  });
});
