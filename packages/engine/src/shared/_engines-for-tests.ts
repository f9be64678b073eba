import type * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { Engine, Values } from '../types.js';

/** Float32 values. */
export function floats(shape: readonly number[], data: ArrayLike<number>): Values {
  return { dtype: 'float32', shape, data: Float32Array.from(data) };
}

/** Int32 values. */
export function ints(shape: readonly number[], data: ArrayLike<number>): Values {
  return { dtype: 'int32', shape, data: Int32Array.from(data) };
}

/** Asserts that a function of tensors gives the same on two engines, to float32 rounding. */
export async function expectSame(
  engines: readonly [Engine, Engine],
  compute: (inputs: Readonly<Record<string, tf.Tensor>>) => tf.Tensor | readonly tf.Tensor[],
  inputs: Readonly<Record<string, Values>>,
  tolerance = 1e-5,
): Promise<void> {
  const [actual, expected] = await Promise.all(
    engines.map(async (engine) => {
      const fn = engine.function('case', (_, tensors) => {
        const results = [compute(tensors)].flat() as tf.Tensor[];
        return Object.fromEntries(results.map((tensor, i) => [`${i}`, tensor]));
      });
      const result = await fn(inputs);
      fn.dispose();
      return result as Record<string, Values>;
    }),
  );
  expect(Object.keys(actual ?? {})).toEqual(Object.keys(expected ?? {}));
  for (const [name, values] of Object.entries(expected ?? {})) expectClose(actual?.[name], values, tolerance);
}

/** Asserts equal dtype and shape, and values within `tolerance`, relative above 1 and absolute below. */
export function expectClose(actual: Values | undefined, expected: Values, tolerance = 1e-5): void {
  expect({ dtype: actual?.dtype, shape: actual?.shape }).toEqual({ dtype: expected.dtype, shape: expected.shape });
  expected.data.forEach((value, i) => {
    const got = actual?.data[i] ?? Number.NaN;
    if (Object.is(got, value) || got === value) return;
    const difference = Math.abs(got - value) / Math.max(1, Math.abs(value));
    expect(difference, `element ${i}: ${got}, expected ${value}`).toBeLessThanOrEqual(tolerance);
  });
}
