import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { testEngine } from './test/index.js';

it('keeps variables between calls and differentiates through them', async () => {
  const engine = testEngine();
  const w = engine.variable('w', [2], Float32Array.of(1, 2));
  const step = engine.function('step', (scope, { x }: { readonly x: tf.Tensor }) => {
    const { value, grads } = tf.valueAndGrads((v: tf.Tensor) => tf.sum(tf.mul(tf.square(v), x)) as tf.Scalar)([
      scope.read(w),
    ]);
    scope.assign(w, tf.sub(scope.read(w), tf.mul(grads[0] as tf.Tensor, 0.1)));
    return { loss: value };
  });
  const first = await step({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 1) } });
  expect(first.loss.data[0]).toBeCloseTo(5, 6); // 1² + 2²
  const after = await w.read(); // w − 0.1 · 2w
  expect(after[0]).toBeCloseTo(0.8, 6);
  expect(after[1]).toBeCloseTo(1.6, 6);
});

it('writes slices in place', async () => {
  const engine = testEngine();
  const cache = engine.variable('cache', [1, 3, 2]);
  const put = engine.function('put', (scope, { value, at }: { readonly value: tf.Tensor; readonly at: tf.Tensor }) => ({
    all: scope.writeSlice(cache, value, 1, at),
  }));
  await put({
    value: { dtype: 'float32', shape: [1, 1, 2], data: Float32Array.of(5, 6) },
    at: { dtype: 'int32', shape: [], data: Int32Array.of(1) },
  });
  expect([...(await cache.read())]).toEqual([0, 0, 5, 6, 0, 0]);
});
