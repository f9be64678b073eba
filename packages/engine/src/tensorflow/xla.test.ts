import { random } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { expectClose, floats, ints } from '../shared/_engines-for-tests.js';
import { testEngine } from '../test/index.js';
import type { Engine, Values } from '../types.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();

/** Trains and writes slices in one function; returns the outputs of each call, and the variables after the last. */
async function calls(engine: Engine): Promise<Values[]> {
  const uniform = random(3);
  const noise = (size: number) => Float32Array.from({ length: size }, () => uniform() - 0.5);
  const w = engine.variable('w', [4, 4], noise(16));
  const [m, v, cache] = [engine.variable('m', [4, 4]), engine.variable('v', [4, 4]), engine.variable('cache', [3, 4])];
  const step = engine.function('step', (scope, { x, at }: { readonly x: tf.Tensor; readonly at: tf.Tensor }) => {
    const loss = (p: tf.Tensor) => tf.mean(tf.square(tf.matMul(x as tf.Tensor2D, p as tf.Tensor2D))) as tf.Scalar;
    const { value, grads } = tf.valueAndGrads(loss)([scope.read(w)]);
    const constants = { rate: tf.scalar(0.1), epsilon: tf.scalar(1e-8), decay: tf.scalar(0.01) };
    scope.applyAdam({ variable: w, m, v, gradient: grads[0] as tf.Tensor, beta1: 0.9, beta2: 0.999, ...constants });
    return { value, whole: scope.writeSlice(cache, tf.slice(x, [0, 0], [1, 4]), 0, at) };
  });
  const results: Values[] = [];
  for (const at of [2, 0]) {
    const { value, whole } = await step({ x: floats([2, 4], noise(8)), at: ints([], [at]) });
    results.push(value, whole);
  }
  expect(step.traces).toBe(1);
  for (const variable of [w, m, v, cache]) results.push(floats(variable.shape, await variable.read()));
  await engine.dispose();
  return results;
}

it.skipIf(library === undefined)(
  'gives the same results under XLA, optimizer and writes of slices included',
  async () => {
    const expected = await calls(testEngine());
    const actual = await calls(openTensorFlow({ folder: library ?? '', xla: true }));
    expected.forEach((values, i) => {
      expectClose(actual[i], values, 2e-5);
    });
  },
);
