import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { floats } from '../shared/_engines-for-tests.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();

// All engines of a process share the limit, so that the test has a file of its own.
it.skipIf(library === undefined)(
  'holds tensors to the memory limit',
  async () => {
    const folder = library ?? '';
    const engine = openTensorFlow({ folder, memoryLimit: 2 ** 28 });
    const outer = engine.function('outer', (_, { x }: { readonly x: tf.Tensor }) => ({
      y: tf.max(tf.tanh(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, false, true))),
    }));
    const column = (rows: number) => floats([rows, 1], new Float32Array(rows).fill(1));
    // 64 MiB fit into 256 MiB, 1 GiB does not.
    expect((await outer({ x: column(2 ** 12) })).y.data[0]).toBeCloseTo(Math.tanh(1));
    // TensorFlow waits ten seconds for other operations to free memory before it fails.
    await expect(outer({ x: column(2 ** 14) })).rejects.toMatchObject({
      code: 'engine.out-of-memory',
      message: expect.stringMatching(
        /^function outer ran out of memory: .*\(MatMul, called from .*memory-limit\.test\.ts:/,
      ),
      hint: expect.stringContaining('activation checkpointing'),
      values: { op: 'MatMul', calledFrom: expect.stringMatching(/memory-limit\.test\.ts:\d+/) },
    });
    expect((await outer({ x: column(2 ** 12) })).y.data[0]).toBeCloseTo(Math.tanh(1));

    expect(() => openTensorFlow({ folder, memoryLimit: 2 ** 29 })).toThrow(/cannot be changed/);
    await openTensorFlow({ folder }).dispose();
    expect(() => openTensorFlow({ folder, memoryLimit: 5 })).toThrow(/memoryLimit must be/);
    await engine.dispose();
  },
  60_000,
);
