import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Values } from '../types.js';
import { asInt, type Case, check, expectSame, floats, ints, seeds, shapes, unit } from './_kernels-for-tests.js';

describe('shapes and indices', () => {
  type Make = fc.Arbitrary<Case>;
  const either = (shape: readonly number[], seed: number): Values =>
    seed % 2 === 0 ? floats(shape, seed) : ints(shape, seed);
  const onAxis = fc
    .tuple(shapes(1, 5), fc.integer({ min: 0, max: 4 }), seeds)
    .map(([shape, axis, seed]) => ({ shape, axis: axis % shape.length, seed }));
  const cases: Record<string, Make> = {
    transpose: fc.tuple(shapes(1, 6), seeds).map(([shape, seed]) => ({
      inputs: { x: either(shape, seed) },
      op: ({ x }) => {
        const order = shape.map((_, i) => i).sort((a, b) => unit(seed, a) - unit(seed, b));
        return [tf.transpose(x as tf.Tensor, order), asInt(tf.transpose(tf.cast(x as tf.Tensor, 'bool'), order))];
      },
    })),
    'reshape, expandDims, squeeze': onAxis.map(({ shape, axis, seed }) => ({
      inputs: { x: either(shape, seed) },
      op: ({ x }) => [tf.reshape(x as tf.Tensor, [-1]), tf.squeeze(tf.expandDims(x as tf.Tensor, axis), [axis])],
    })),
    concat: onAxis.map(({ shape, axis, seed }) => ({
      inputs: { x: either(shape, seed), y: either(shape.with(axis, 2), seed + 2) },
      op: ({ x, y }) => [
        tf.concat([x as tf.Tensor, y as tf.Tensor, x as tf.Tensor], axis),
        asInt(tf.concat([tf.cast(x as tf.Tensor, 'bool'), tf.cast(y as tf.Tensor, 'bool')], axis)),
      ],
    })),
    split: onAxis.map(({ shape, axis, seed }) => ({
      inputs: { x: either(shape.with(axis, 5), seed) },
      op: ({ x }) => tf.split(x as tf.Tensor, [2, 1, 2], axis),
    })),
    slice: fc.tuple(shapes(1, 5), seeds).map(([shape, seed]) => ({
      inputs: { x: either(shape, seed) },
      op: ({ x }) => {
        const begin = shape.map((size, i) => Math.floor(unit(seed, i) * size));
        const size = shape.map((n, i) => 1 + Math.floor(unit(seed + 1, i) * (n - (begin[i] ?? 0))));
        return tf.slice(x as tf.Tensor, begin, size);
      },
    })),
    stridedSlice: fc.tuple(shapes(1, 4), seeds).map(([shape, seed]) => ({
      inputs: { x: either(shape, seed) },
      op: ({ x }) =>
        tf.stridedSlice(
          x as tf.Tensor,
          shape.map(() => 0),
          shape,
          shape.map((_, i) => 1 + (i % 2)),
        ),
    })),
    'stack, unstack': onAxis.map(({ shape, axis, seed }) => ({
      inputs: { x: either(shape, seed) },
      op: ({ x }) => [tf.stack([x as tf.Tensor, x as tf.Tensor], axis), ...tf.unstack(x as tf.Tensor, axis)],
    })),
    tile: fc.tuple(shapes(1, 5), seeds).map(([shape, seed]) => ({
      inputs: { x: either(shape, seed) },
      op: ({ x }) =>
        tf.tile(
          x as tf.Tensor,
          shape.map((_, i) => 1 + Math.floor(3 * unit(seed, i))),
        ),
    })),
    broadcastTo: onAxis.map(({ shape, axis, seed }) => ({
      inputs: { x: either(shape.with(axis, 1), seed) },
      op: ({ x }) => tf.broadcastTo(x as tf.Tensor, [2, ...shape.with(axis, 3)]),
    })),
    pad: fc.tuple(shapes(1, 4), seeds).map(([shape, seed]) => ({
      inputs: { x: either(shape, seed) },
      op: ({ x }) =>
        tf.pad(
          x as tf.Tensor,
          shape.map((_, i): [number, number] => [Math.floor(2 * unit(seed, i)), Math.floor(3 * unit(seed + 1, i))]),
          seed % 3,
        ),
    })),
    mirrorPad: onAxis.map(({ shape, seed }) => ({
      inputs: { x: floats(shape, seed) },
      op: ({ x }) =>
        tf.mirrorPad(
          x as tf.Tensor,
          shape.map((): [number, number] => [1, 1]),
          'symmetric',
        ),
    })),
    gather: fc.tuple(onAxis, shapes(0, 3)).map(([{ shape, axis, seed }, places]) => ({
      inputs: { x: either(shape, seed), i: ints(places, seed, 0, shape[axis] ?? 1) },
      op: ({ x, i }) => tf.gather(x as tf.Tensor, i as tf.Tensor, axis),
    })),
    'gather, batched': fc.tuple(shapes(2, 4), shapes(0, 2), seeds).map(([shape, places, seed]) => ({
      inputs: { x: either(shape, seed), i: ints([shape[0] ?? 1, ...places, 2], seed, 0, shape[1] ?? 1) },
      op: ({ x, i }) => tf.gather(x as tf.Tensor, i as tf.Tensor, 1, 1),
    })),
    gatherND: fc.tuple(shapes(2, 4), fc.integer({ min: 1, max: 5 }), seeds).map(([shape, n, seed]) => ({
      inputs: { x: either(shape, seed), i: ints([n, 2], seed, 0, Math.min(shape[0] ?? 1, shape[1] ?? 1)) },
      op: ({ x, i }) => tf.gatherND(x as tf.Tensor, i as tf.Tensor),
    })),
    scatterND: fc.tuple(fc.integer({ min: 1, max: 5 }), shapes(0, 2), seeds).map(([n, rest, seed]) => ({
      inputs: { x: either([n, ...rest], seed), i: ints([n, 1], seed, 0, 4) },
      op: ({ x, i }) => tf.scatterND(i as tf.Tensor, x as tf.Tensor, [4, ...rest]),
    })),
    tensorScatterUpdate: fc.tuple(shapes(0, 2), seeds).map(([rest, seed]) => ({
      inputs: { t: floats([4, ...rest], seed), x: floats([2, ...rest], seed + 1) },
      op: ({ t, x }) =>
        tf.tensorScatterUpdate(t as tf.Tensor, tf.tensor2d([[2], [0]], [2, 1], 'int32'), x as tf.Tensor),
    })),
    unsortedSegmentSum: fc.tuple(shapes(1, 4), seeds).map(([shape, seed]) => ({
      inputs: { x: either(shape, seed), i: ints([shape[0] ?? 1], seed, 0, 5) },
      op: ({ x, i }) => tf.unsortedSegmentSum(x as tf.Tensor, i as tf.Tensor1D, 5),
    })),
    'unsortedSegmentSum, segments outside': fc.tuple(shapes(1, 3), seeds).map(([shape, seed]) => ({
      inputs: { x: either(shape, seed), i: ints([shape[0] ?? 1], seed, -1, 3) },
      op: ({ x, i }) => tf.unsortedSegmentSum(x as tf.Tensor, i as tf.Tensor1D, 3),
    })),
    oneHot: fc.tuple(shapes(1, 3), seeds).map(([shape, seed]) => ({
      inputs: { i: ints(shape, seed, -1, 5) },
      op: ({ i }) => [tf.oneHot(i as tf.Tensor, 4), tf.oneHot(i as tf.Tensor, 4, 2, -1, 'float32')],
    })),
    'range, fill, linspace': fc.tuple(shapes(), seeds).map(([shape, seed]) => ({
      inputs: {},
      op: () => [
        tf.range(0, 3 + (seed % 5), 2, 'int32'),
        tf.range(5, 1, -0.7),
        tf.fill(shape, 2.5),
        tf.fill(shape, 3, 'int32'),
        asInt(tf.cast(tf.fill(shape, 1), 'bool')),
        tf.linspace(0, 1, 5),
        tf.eye(3),
      ],
    })),
    bandPart: fc.tuple(shapes(2, 4), seeds).map(([shape, seed]) => ({
      inputs: { x: floats(shape, seed) },
      op: ({ x }) => tf.linalg.bandPart(x as tf.Tensor, -1, 0),
    })),
  };
  it.each(Object.entries(cases))('%s', async (_, make) => {
    await check(make, 25);
  });

  const empty: Record<string, (x: tf.Tensor) => tf.Tensor | tf.Tensor[]> = {
    concat: (x) => tf.concat([x, tf.ones([2, 2, 3])], 1),
    'slice to nothing': (x) => tf.slice(tf.concat([x, tf.ones([2, 2, 3])], 1), [0, 2, 0], [2, 0, 3]),
    arithmetic: (x) => tf.exp(tf.add(x, 1)),
    sum: (x) => [tf.sum(x), tf.sum(x, 1), tf.sum(x, 2)],
    transpose: (x) => tf.transpose(x),
    gather: (x) => tf.gather(tf.ones([3, 2]), tf.cast(tf.reshape(x, [0]), 'int32')),
    tile: (x) => tf.tile(x, [1, 2, 1]),
    matMul: (x) => tf.matMul(x, tf.ones([2, 3, 4])),
  };
  it.each(Object.entries(empty))('%s of an empty tensor', async (_, op) => {
    await expectSame({ inputs: { x: floats([2, 0, 3], 1) }, op: ({ x }) => op(x as tf.Tensor) });
  });
});
