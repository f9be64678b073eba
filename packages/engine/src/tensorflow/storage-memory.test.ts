import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { floats } from '../shared/_engines-for-tests.js';
import { noise } from './_layer-loss-for-tests.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();
const D = 1024;
const LAYERS = 24;

// All engines of a process share the limit, so that the test has a file of its own.
it.skipIf(library === undefined)(
  'weights in bfloat16 are in float32 one at a time, forwards and backwards',
  async () => {
    // The weights take 48 MiB in bfloat16 and 96 MiB in float32.
    const engine = openTensorFlow({ folder: library ?? '', memoryLimit: 76 * 2 ** 20 });
    const weights = Array.from({ length: LAYERS }, (_, i) => {
      const data = noise(D * D, i).map((x) => x / 16);
      return engine.variable(`w${i}`, [D, D], data, { storage: 'bfloat16' });
    });
    const gradient = engine.function('gradient', (scope, { x }: { readonly x: tf.Tensor }) => {
      const loss = (input: tf.Tensor) => {
        let h = input as tf.Tensor2D;
        for (const weight of weights) h = tf.tanh(tf.matMul(h, scope.read(weight) as tf.Tensor2D, false, true));
        return tf.sum(h) as tf.Scalar;
      };
      return { gradient: tf.grad(loss)(x) };
    });
    const { data } = (await gradient({ x: floats([4, D], noise(4 * D, 99)) })).gradient;
    expect(data.some((value) => value !== 0)).toBe(true);
    await engine.dispose();
  },
);
