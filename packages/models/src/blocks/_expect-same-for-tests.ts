import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** Numbers within ±1 without a pattern, the same on every run. */
function numbers(shape: readonly number[], seed = 0): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => 2 * ((0.37 + (i + 100 * seed) * 0.618034) % 1) - 1),
    [...shape],
  );
}

/** A function of tensors. */
export type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Checks that f has the value and all gradients of g, which tfjs differentiates step by step. */
export function expectSame(f: Op, g: Op, ...shapes: readonly (readonly number[])[]): void {
  const inputs = shapes.map((shape, i) => numbers(shape, i + 1));
  const want = valuesAndGradients(g, inputs);
  const got = valuesAndGradients(f, inputs);
  expect(got.map(({ shape }) => shape)).toEqual(want.map(({ shape }) => shape));
  for (const [i, { values }] of want.entries()) {
    // A comparison for each of many thousands of values would be slow. The largest error is NaN when any of them is.
    const errors = values.map((value, k) => Math.abs((got[i]?.values[k] as number) - value) / (1 + Math.abs(value)));
    expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(2e-5);
  }
}

function valuesAndGradients(op: Op, inputs: tf.Tensor[]): { shape: number[]; values: number[] }[] {
  return tf.tidy(() => {
    const value = op(...inputs);
    const gradients = tf.grads(op)(inputs, numbers(value.shape, 99));
    return [value, ...gradients].map((tensor) => ({ shape: tensor.shape, values: [...tensor.dataSync()] }));
  });
}
