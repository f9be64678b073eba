import { random } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { expectClose, floats } from '../shared/_engines-for-tests.js';
import { testEngine } from '../test/index.js';
import type { Engine } from '../types.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();
const casting = () => openTensorFlow({ folder: library ?? '', precision: 'bfloat16' });

it.skipIf(library === undefined)('rounds the inputs of products to 8 bits, and nothing else', async () => {
  const engine = casting();
  const f = engine.function('f', (_, { x }: { readonly x: tf.Tensor }) => {
    const one = tf.tensor2d([[1]]);
    const batch = tf.reshape(x, [1, 1, 1]);
    return { product: tf.matMul(x as tf.Tensor2D, one), batched: tf.matMul(batch, batch), sum: tf.add(x, 0) };
  });
  // 1 + 2⁻⁷ is a bfloat16; 1 + 2⁻¹⁰ is none, and 1 is the nearest.
  const exact = await f({ x: floats([1, 1], [1 + 2 ** -7]) });
  expect(exact.product.data[0]).toBe(1 + 2 ** -7);
  const rounded = await f({ x: floats([1, 1], [1 + 2 ** -10]) });
  expect([rounded.product.data[0], rounded.batched.data[0]]).toEqual([1, 1]);
  expect(rounded.sum.data[0]).toBe(1 + 2 ** -10);
  await engine.dispose();
});

async function lossAndGradient(engine: Engine) {
  const uniform = random(7);
  const noise = (size: number) => Float32Array.from({ length: size }, () => uniform() - 0.5);
  const w = engine.variable('w', [24, 16], noise(24 * 16));
  const step = engine.function('step', (scope, { x }: { readonly x: tf.Tensor }) => {
    const loss = (p: tf.Tensor) => {
      const h = tf.tanh(tf.matMul(x as tf.Tensor2D, p as tf.Tensor2D)); // [8, 16]
      const scores = tf.matMul(tf.reshape(h, [2, 4, 16]), tf.reshape(h, [2, 4, 16]), false, true); // [2, 4, 4]
      return tf.mean(tf.square(scores)) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss)([scope.read(w)]);
    return { value, gradient: grads[0] as tf.Tensor };
  });
  const result = await step({ x: floats([8, 24], noise(8 * 24)) });
  await engine.dispose();
  return result;
}

it.skipIf(library === undefined)('gives float32 results that are near the results of float32 products', async () => {
  const [actual, expected] = [await lossAndGradient(casting()), await lossAndGradient(testEngine())];
  expectClose(actual.value, expected.value, 0.02);
  expectClose(actual.gradient, expected.gradient, 0.02);
  const largest = Math.max(...expected.gradient.data.map(Math.abs));
  const difference = Math.max(...actual.gradient.data.map((g, i) => Math.abs(g - (expected.gradient.data[i] ?? 0))));
  expect(difference / largest).toBeGreaterThan(1e-5);
  expect(difference / largest).toBeLessThan(0.03);
});
