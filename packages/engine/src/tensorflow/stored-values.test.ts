import { random } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { region } from '../region.js';
import { expectClose, floats } from '../shared/_engines-for-tests.js';
import { testEngine } from '../test/index.js';
import type { Engine, Values } from '../types.js';
import { loadTensorFlow } from './_c-api.js';
import { libraryForTests } from './_library-for-tests.js';
import { TraceBackend, withBackend } from './_trace-backend.js';
import { Graph } from './graph.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();

/** Operations that only move the values of a product [4, 6], the gradient of a slice among them. */
const moves: Readonly<Record<string, (y: tf.Tensor) => tf.Tensor>> = {
  reshape: (y) => tf.reshape(y, [2, 12]),
  transpose: (y) => tf.transpose(y),
  slice: (y) => tf.slice(y, [1, 0], [2, 6]),
  'strided slice': (y) => tf.stridedSlice(y, [0, 0], [4, 6], [2, 3]),
  split: (y) => tf.split(y, 2, 1)[1] as tf.Tensor,
  concat: (y) => tf.concat([y, tf.reverse(y, 0)], 0),
  stack: (y) => tf.stack([y, y]),
  unstack: (y) => tf.unstack(y)[2] as tf.Tensor,
  gather: (y) => tf.gather(y, tf.tensor1d([3, 0, 3], 'int32')),
  'gather of elements': (y) => tf.gatherND(y, tf.tensor2d([[1, 2]], [1, 2], 'int32')),
  tile: (y) => tf.tile(y, [2, 1]),
  reverse: (y) => tf.reverse(y, 1),
  mirror: (y) =>
    tf.mirrorPad(
      y,
      [
        [1, 1],
        [0, 2],
      ],
      'reflect',
    ),
  pad: (y) =>
    tf.pad(y, [
      [1, 0],
      [0, 2],
    ]),
  'gradient of a slice': (y) =>
    tf.grad((x) => tf.slice(x, [1, 2], [3, 4]))(tf.zeros([4, 6]), tf.slice(y, [1, 2], [3, 4])),
  'gradient of a sum': (y) =>
    tf.grad((x) => tf.sum(x, 0))(tf.zeros([4, 6]), tf.reshape(tf.slice(y, [0, 0], [1, 6]), [6])),
};

describe.skipIf(library === undefined)('a product of rounded numbers', () => {
  it('stays in bfloat16 while its values only move', () => {
    const graph = new Graph(loadTensorFlow(library ?? ''), { roundProducts: true });
    const backend = new TraceBackend(graph);
    withBackend(backend, () => {
      const y = tf.matMul(tf.ones([4, 8]), tf.ones([8, 6]));
      const isStored = (tensor: tf.Tensor) => backend.node(tensor).bfloat16 ?? false;
      expect(isStored(y)).toBe(true);
      expect(Object.keys(moves).filter((name) => !isStored(moves[name]?.(y) as tf.Tensor))).toEqual([]);
      expect(
        [
          tf.add(y, 1),
          tf.pad(
            y,
            [
              [1, 0],
              [0, 0],
            ],
            7,
          ),
          tf.concat([y, tf.ones([4, 6])], 0),
        ].map(isStored),
      ).toEqual([false, false, false]);
    });
    graph.dispose();
  });

  it('moves as float32 numbers move', async () => {
    const uniform = random(4);
    // Numbers of few digits, whose products are bfloat16 numbers: both engines give the same.
    const small = (size: number) => Float32Array.from({ length: size }, () => Math.floor(5 * uniform()) - 2);
    const inputs = { a: floats([4, 8], small(32)), b: floats([8, 6], small(48)) };
    const run = async (engine: Engine) => {
      const f = engine.function<'a' | 'b', string>('moves', (_, { a, b }) => {
        const y = tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D);
        return Object.fromEntries(Object.entries(moves).map(([name, move]) => [name, move(y)]));
      });
      const results: Record<string, Values> = await f(inputs);
      await engine.dispose();
      return results;
    };
    const got = await run(openTensorFlow({ folder: library ?? '', precision: 'bfloat16' }));
    const want = await run(testEngine());
    for (const [name, values] of Object.entries(want)) expectClose(got[name], values, 0);
  });

  it('goes into a region as it is, and comes out rounded where the region says so', async () => {
    const engine = openTensorFlow({ folder: library ?? '', precision: 'bfloat16', regions: 'always' });
    const parts = region('thirds', (y: tf.Tensor) => [tf.div(y, 3), tf.div(y, 3)], { rounded: [1] });
    const compute = (_: unknown, { a }: { readonly a: tf.Tensor }) => {
      const [exact, rounded] = parts(tf.matMul(a as tf.Tensor2D, tf.tensor2d([[1]]))) as [tf.Tensor, tf.Tensor];
      return { exact, rounded };
    };
    const a = floats([1, 1], [1]);
    const { exact, rounded } = await engine.function('f', compute)({ a });
    expect(exact.data[0]).toBe(Math.fround(1 / 3));
    // 1/3 = 2⁻² · 1.0101010|1…, which rounds up to 171/512.
    expect(rounded.data[0]).toBe(171 / 512);
    const plain = await engine.function('f', compute, { precision: 'float32' })({ a });
    expect(plain.rounded.data[0]).toBe(Math.fround(1 / 3));
    await engine.dispose();
  });
});
