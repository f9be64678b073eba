import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import {
  asInt,
  type Case,
  check,
  expectSame,
  floats,
  ints,
  seeds,
  shapes,
  type Tensors,
} from './_kernels-for-tests.js';

describe('matrix products', () => {
  const sides = fc.integer({ min: 1, max: 17 });
  const batch = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 });
  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('transposed: %s, %s', async (ta, tb) => {
    const cases = fc
      .tuple(batch, sides, sides, sides, fc.boolean(), seeds)
      .map(([outer, m, k, n, single, seed]): Case => {
        const a = [...outer, ...(ta ? [k, m] : [m, k])];
        const b = [...outer.map((size) => (single ? 1 : size)), ...(tb ? [n, k] : [k, n])];
        return {
          inputs: { a: floats(a, seed, -1, 1), b: floats(b, seed + 1, -1, 1) },
          op: (t) => tf.matMul(t.a as tf.Tensor, t.b as tf.Tensor, ta, tb),
        };
      });
    await check(cases);
  });
  it('batches that broadcast', async () => {
    const cases = fc
      .tuple(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 })), { maxLength: 3 }),
        seeds,
      )
      .map(([outer, seed]): Case => {
        // Each dimension of the batch is 1 on the left, on the right, or on neither side.
        const side = (one: number): number[] => outer.map(([size, which]) => (which === one ? 1 : size));
        const inputs = { a: floats([...side(0), 3, 5], seed), b: floats([...side(1), 5, 2], seed + 1) };
        return { inputs, op: ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor) };
      });
    await check(cases);
  });
  it('a right operand in two shapes', async () => {
    // tfjs's own kernel takes the second shape for the first.
    const op = ({ a, b }: Tensors): tf.Tensor[] => [
      tf.matMul(a as tf.Tensor, b as tf.Tensor),
      tf.matMul(tf.ones([2, 2]), tf.reshape(b as tf.Tensor, [2, 5])),
    ];
    await expectSame({ inputs: { a: floats([3, 5], 1), b: floats([5, 2], 2) }, op });
  });
  it('integers', async () => {
    const inputs = { a: ints([2, 3, 5], 1), b: ints([2, 5, 2], 2) };
    await expectSame({ inputs, op: ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor) });
  });
  it('nothing to sum', async () => {
    await expectSame({ inputs: {}, op: () => tf.matMul(tf.ones([2, 0]), tf.ones([0, 3])) });
  });
  const products: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
    'different ranks': (a, b) => tf.matMul(a, b),
    einsum: (a, b) => tf.einsum('bij,jk->bik', a, b),
    dot: (a, b) => tf.dot(tf.reshape(a, [12, 5]), b),
    outerProduct: (_, b) => tf.outerProduct(tf.reshape(b, [10]), tf.reshape(b, [10])),
  };
  it.each(Object.entries(products))('%s', async (_, op) => {
    const inputs = { a: floats([3, 4, 5], 1), b: floats([5, 2], 2) };
    await expectSame({ inputs, op: (t) => op(t.a as tf.Tensor, t.b as tf.Tensor) });
  });
});

describe('reductions', () => {
  const reductions: Record<string, (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor> = {
    sum: tf.sum,
    mean: tf.mean,
    max: tf.max,
    min: tf.min,
    prod: tf.prod,
    any: (x, axes, keep) => asInt(tf.any(tf.cast(x, 'bool'), axes, keep)),
    all: (x, axes, keep) => asInt(tf.all(tf.cast(x, 'bool'), axes, keep)),
    argMax: (x, axes) => tf.argMax(x, axes[0] ?? 0),
    argMin: (x, axes) => tf.argMin(x, axes[0] ?? 0),
    cumsum: (x, axes, keep) => tf.cumsum(x, axes[0] ?? 0, keep, !keep),
    'cumsum, reversed': (x, axes) => tf.cumsum(x, axes[0] ?? 0, false, true),
    cumprod: (x, axes, keep) => tf.cumprod(x, axes[0] ?? 0, keep),
    reverse: (x, axes) => tf.reverse(x, axes),
    'sum of truth values': (x, axes) => tf.sum(tf.greater(x, tf.zerosLike(x)), axes),
  };
  const cases = fc
    .tuple(
      shapes(1, 5),
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      fc.integer({ min: 0, max: 4 }),
      fc.boolean(),
      seeds,
    )
    .map(([shape, chosen, one, keep, seed]) => {
      const axes = shape.map((_, i) => i).filter((i) => chosen[i]);
      return { shape, axes: axes.length > 0 ? axes : [one % shape.length], keep, seed };
    });
  it.each(Object.entries(reductions))('%s', async (_, op) => {
    const each = cases.map(
      ({ shape, axes, keep, seed }): Case => ({
        inputs: { x: floats(shape, seed) },
        op: ({ x }) => op(x as tf.Tensor, axes, keep),
      }),
    );
    await check(each, 25);
  });
  const { mean, ...whole } = reductions;
  it.each(Object.entries({ ...whole, ...(mean && { mean }) }))('%s of integers', async (_, op) => {
    const each = cases.map(
      ({ shape, axes, keep, seed }): Case => ({
        inputs: { x: ints(shape, seed) },
        op: ({ x }) => op(x as tf.Tensor, axes, keep),
      }),
    );
    await check(each, 25);
  });
  it('topk', async () => {
    const each = fc.tuple(shapes(1, 4), seeds, fc.boolean()).map(
      ([shape, seed, whole]): Case => ({
        // The position decides between equal elements.
        inputs: { x: whole ? ints(shape, seed, 0, 3) : floats(shape, seed) },
        op: ({ x }) => {
          const { values, indices } = tf.topk(x as tf.Tensor, Math.min(2, shape.at(-1) ?? 1));
          return [values, indices];
        },
      }),
    );
    await check(each, 25);
  });
});
