import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectSame, type Op } from './_expect-same-for-tests.js';
import { activationTimes, geluExact, geluTanh, siluTimes } from './activations.js';
import { attention } from './attention.js';
import { addBias, addToResidual } from './bias.js';
import { weightProduct } from './cheap-value.js';
import { layerNorm } from './layer-norm.js';
import { rmsNorm } from './rms-norm.js';
import { rotate, rotation } from './rotary.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

const turn = rotation(
  {
    positions: tf.tensor2d(
      [
        [0, 1, 7],
        [3, 4, 5],
      ],
      [2, 3],
      'int32',
    ),
  },
  { theta: 10000, size: 4 },
);
const bias = tf.tensor([0, -1e9, 0, 0], [1, 1, 2, 2]) as tf.Tensor4D;

describe('gradients written by hand equal the gradients of the plain formula', () => {
  it('layer norm', () => {
    const plain: Op = (x, scale, shift) => {
      const centred = tf.sub(x as tf.Tensor, tf.mean(x as tf.Tensor, -1, true));
      const deviation = tf.sqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5));
      return tf.add(tf.mul(tf.div(centred, deviation), scale as tf.Tensor), shift as tf.Tensor);
    };
    expectSame(
      (x, scale, shift) => layerNorm(x as tf.Tensor2D, scale as tf.Tensor, shift as tf.Tensor, 1e-5),
      plain,
      [3, 5],
      [5],
      [5],
    );
  });

  it('RMS norm', () => {
    const plain: Op = (x, scale) =>
      tf.mul(
        tf.div(x as tf.Tensor, tf.sqrt(tf.add(tf.mean(tf.square(x as tf.Tensor), -1, true), 1e-5))),
        scale as tf.Tensor,
      );
    expectSame((x, scale) => rmsNorm(x as tf.Tensor2D, scale as tf.Tensor, 1e-5), plain, [3, 5], [5]);
  });

  it('GELU', () => {
    const plain: Op = (input) => {
      const x = tf.mul(input as tf.Tensor, 3);
      const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(tf.square(x), x))));
      return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
    };
    expectSame((x) => geluTanh(tf.mul(x as tf.Tensor2D, 3)), plain, [4, 6]);
  });

  it('exact GELU', () => {
    const plain: Op = (input) => {
      const x = tf.mul(input as tf.Tensor, 3);
      return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
    };
    expectSame((x) => geluExact(tf.mul(x as tf.Tensor2D, 3)), plain, [4, 6]);
  });

  it.each([
    ['GELU', geluTanh],
    ['exact GELU', geluExact],
  ])('%s of a product and a bias', (_, gelu) => {
    expectSame(
      (x, b) => gelu(x as tf.Tensor2D, b),
      (x, b) => gelu(tf.add(x as tf.Tensor, b as tf.Tensor)),
      [4, 6],
      [6],
    );
  });

  it('a bias, alone and with a residual', () => {
    expectSame(
      (x, b) => addBias(x as tf.Tensor2D, b),
      (x, b) => tf.add(x as tf.Tensor, b as tf.Tensor),
      [4, 6],
      [6],
    );
    const plain: Op = (residual, x, b) =>
      tf.addN([residual as tf.Tensor, x as tf.Tensor, tf.tile(tf.reshape(b as tf.Tensor, [1, 6]), [4, 1])]);
    expectSame((r, x, b) => addToResidual(r as tf.Tensor2D, x as tf.Tensor2D, b), plain, [4, 6], [4, 6], [6]);
    expectSame(
      (r, x) => addToResidual(r as tf.Tensor2D, x as tf.Tensor2D, undefined),
      (r, x) => tf.add(r as tf.Tensor, x as tf.Tensor),
      [4, 6],
      [4, 6],
    );
  });

  it('SiLU times', () => {
    const plain: Op = (gate, up) => tf.mul(tf.mul(gate as tf.Tensor, tf.sigmoid(gate as tf.Tensor)), up as tf.Tensor);
    expectSame((gate, up) => siluTimes(gate as tf.Tensor2D, up as tf.Tensor2D).value, plain, [3, 4], [3, 4]);
  });

  it('an activation times', () => {
    const plain: Op = (a, b) => tf.mul(a as tf.Tensor, b as tf.Tensor);
    expectSame((a, b) => activationTimes(a as tf.Tensor2D, b as tf.Tensor2D).value, plain, [3, 4], [3, 4]);
  });

  it.each([false, true])('a product of a cheap value with weights (transposed: %s)', (transposed) => {
    const plain: Op = (gate, up, w) => {
      const value = tf.mul(tf.mul(gate as tf.Tensor, tf.sigmoid(gate as tf.Tensor)), up as tf.Tensor);
      return tf.matMul(value, w as tf.Tensor, false, transposed);
    };
    const cheap: Op = (gate, up, w) =>
      weightProduct(siluTimes(gate as tf.Tensor2D, up as tf.Tensor2D), w as tf.Tensor2D, transposed);
    expectSame(cheap, plain, [3, 4], [3, 4], transposed ? [5, 4] : [4, 5]);
  });

  it('rotation', () => {
    const plain: Op = (x) => {
      const [a, b] = tf.split(x as tf.Tensor, 2, -1) as [tf.Tensor, tf.Tensor];
      const { cos, sin } = turn;
      return tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
    };
    expectSame((x) => rotate(x as tf.Tensor4D, turn), plain, [2, 2, 3, 4]);
  });

  it('attention with capped scores and a scale', () => {
    const plain: Op = (q, k, v) => {
      const scores = tf.mul(tf.matMul(q as tf.Tensor, k as tf.Tensor, false, true), 2);
      const capped = tf.mul(tf.tanh(tf.div(scores, 1.5)), 1.5);
      return tf.matMul(tf.softmax(tf.add(capped, bias)), v as tf.Tensor);
    };
    expectSame(
      (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, bias, { cap: 1.5, scale: 2 }),
      plain,
      [2, 2, 2, 3],
      [2, 2, 2, 3],
      [2, 2, 2, 3],
    );
  });

  it('attention with grouped queries equals attention with repeated keys', () => {
    const plain: Op = (q, k, v) => {
      // Head h shares key-value head ⌊h / 2⌋.
      const repeat = (x: tf.Tensor) => tf.gather(x, tf.tensor1d([0, 0, 1, 1], 'int32'), 1);
      const scores = tf.mul(tf.matMul(q as tf.Tensor, repeat(k as tf.Tensor), false, true), 1 / Math.sqrt(3));
      return tf.matMul(tf.softmax(tf.add(scores, bias)), repeat(v as tf.Tensor));
    };
    expectSame(
      (q, k, v) => attention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, bias),
      plain,
      [2, 4, 2, 3],
      [2, 2, 2, 3],
      [2, 2, 2, 3],
    );
  });
});

describe('rotation', () => {
  it('turns the two halves of a head by position times frequency', () => {
    const settings = { theta: 100, size: 4 }; // frequencies 1 and 0.1
    const byTwo = rotation({ positions: tf.tensor2d([[2]], [1, 1], 'int32') }, settings);
    const got = rotate(tf.tensor4d([1, 0, 0, 1], [1, 1, 1, 4]), byTwo).dataSync(); // pairs (1, 0) and (0, 1)
    const want = [Math.cos(2), -Math.sin(0.2), Math.sin(2), Math.cos(0.2)];
    want.forEach((value, i) => {
      expect(got[i]).toBeCloseTo(value, 6);
    });
  });
});
