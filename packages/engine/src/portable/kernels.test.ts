import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectClose } from '../tensorflow/_engines-for-tests.js';
import type { Engine, Values } from '../types.js';
import { openPortable } from './open-portable.js';

let wasm: Engine;
let cpu: Engine;
beforeAll(async () => {
  wasm = await openPortable('wasm');
  cpu = await openPortable('cpu');
});
afterAll(async () => {
  await wasm.dispose();
  await cpu.dispose();
});

type Tensors = Readonly<Record<string, tf.Tensor>>;
type Case = { readonly inputs: Readonly<Record<string, Values>>; readonly op: (t: Tensors) => tf.Tensor | tf.Tensor[] };

/** The same case on both engines. */
async function expectSame({ inputs, op }: Case, tolerance = 2e-5): Promise<void> {
  const run = async (engine: Engine): Promise<Record<string, Values>> => {
    const f = engine.function('case', (_, given: Tensors) =>
      Object.fromEntries([op(given)].flat().map((tensor, i) => [`${i}`, tensor])),
    );
    return f(inputs);
  };
  const [actual, expected] = [await run(wasm), await run(cpu)];
  for (const [name, values] of Object.entries(expected)) expectClose(actual[name], values, tolerance);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function floats(shape: readonly number[], seed: number, low = -3, high = 3): Values {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => low + (high - low) * unit(seed, i));
  return { dtype: 'float32', shape, data };
}
function ints(shape: readonly number[], seed: number, low = -5, high = 6): Values {
  const data = Int32Array.from({ length: sizeOf(shape) }, (_, i) => Math.floor(low + (high - low) * unit(seed, i)));
  return { dtype: 'int32', shape, data };
}
/** A number in [0, 1) that looks random. */
function unit(seed: number, i: number): number {
  const x = Math.sin(seed * 12.9898 + i * 78.233 + 1) * 43758.5453;
  return x - Math.floor(x);
}

const seeds = fc.integer({ min: 0, max: 1e6 });
const shapes = (minRank = 0, maxRank = 5, min = 1): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min, max: 4 }), { minLength: minRank, maxLength: maxRank });

async function check(cases: fc.Arbitrary<Case>, runs = 15): Promise<void> {
  await fc.assert(
    fc.asyncProperty(cases, (each) => expectSame(each)),
    { numRuns: runs, seed: 7 },
  );
}

const asInt = (t: tf.Tensor): tf.Tensor => tf.cast(t, 'int32');

describe('elementwise, one tensor', () => {
  const anywhere: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    neg: tf.neg,
    abs: tf.abs,
    sign: tf.sign,
    exp: tf.exp,
    expm1: tf.expm1,
    square: tf.square,
    tanh: tf.tanh,
    sigmoid: tf.sigmoid,
    logSigmoid: tf.logSigmoid,
    softplus: tf.softplus,
    erf: tf.erf,
    relu: tf.relu,
    elu: tf.elu,
    selu: tf.selu,
    leakyRelu: (x) => tf.leakyRelu(x, 0.1),
    relu6: tf.relu6,
    sin: tf.sin,
    cos: tf.cos,
    sinh: tf.sinh,
    cosh: tf.cosh,
    atan: tf.atan,
    asinh: tf.asinh,
    floor: tf.floor,
    ceil: tf.ceil,
    round: tf.round,
    step: (x) => tf.step(x, 0.5),
    clip: (x) => tf.clipByValue(x, -1, 1.5),
    zerosLike: tf.zerosLike,
    onesLike: tf.onesLike,
    softmax: (x) => tf.softmax(x.rank === 0 ? tf.reshape(x, [1]) : x),
    logSoftmax: (x) => tf.logSoftmax(x.rank === 0 ? tf.reshape(x, [1]) : x),
    logSumExp: (x) => tf.logSumExp(x),
    identity: (x) => tf.clone(x),
    'to int': asInt,
    'to bool': (x) => asInt(tf.cast(x, 'bool')),
    isNaN: (x) => asInt(tf.isNaN(tf.log(x))),
    isFinite: (x) => asInt(tf.isFinite(tf.div(1, tf.relu(x)))),
    isInf: (x) => asInt(tf.isInf(tf.div(1, tf.relu(x)))),
  };
  it.each(Object.entries(anywhere))('%s', async (_, op) => {
    const cases = fc
      .tuple(shapes(), seeds)
      .map(([shape, seed]): Case => ({ inputs: { x: floats(shape, seed) }, op: ({ x }) => op(x as tf.Tensor) }));
    await check(cases);
  });

  const positive: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    log: tf.log,
    log1p: tf.log1p,
    sqrt: tf.sqrt,
    rsqrt: tf.rsqrt,
    reciprocal: tf.reciprocal,
  };
  it.each(Object.entries(positive))('%s', async (_, op) => {
    const cases = fc
      .tuple(shapes(), seeds)
      .map(
        ([shape, seed]): Case => ({ inputs: { x: floats(shape, seed, 0.1, 4) }, op: ({ x }) => op(x as tf.Tensor) }),
      );
    await check(cases);
  });

  const integers: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    neg: tf.neg,
    abs: tf.abs,
    sign: tf.sign,
    square: tf.square,
    relu: tf.relu,
    step: (x) => tf.step(x),
    clip: (x) => tf.clipByValue(x, -2, 3),
    exp: tf.exp,
    zerosLike: tf.zerosLike,
    onesLike: tf.onesLike,
    identity: (x) => tf.clone(x),
    'to float': (x) => tf.cast(x, 'float32'),
    'to bool': (x) => asInt(tf.cast(x, 'bool')),
    logicalNot: (x) => asInt(tf.logicalNot(tf.cast(x, 'bool'))),
    'bool to float': (x) => tf.cast(tf.cast(x, 'bool'), 'float32'),
    isNaN: (x) => asInt(tf.isNaN(x)),
    isFinite: (x) => asInt(tf.isFinite(x)),
  };
  it.each(Object.entries(integers))('%s of integers', async (_, op) => {
    const cases = fc
      .tuple(shapes(), seeds)
      .map(([shape, seed]): Case => ({ inputs: { x: ints(shape, seed) }, op: ({ x }) => op(x as tf.Tensor) }));
    await check(cases);
  });
});

describe('elementwise, two tensors', () => {
  const binary: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
    add: tf.add,
    sub: tf.sub,
    mul: tf.mul,
    maximum: tf.maximum,
    minimum: tf.minimum,
    squaredDifference: tf.squaredDifference,
    equal: (a, b) => asInt(tf.equal(a, b)),
    notEqual: (a, b) => asInt(tf.notEqual(a, b)),
    less: (a, b) => asInt(tf.less(a, b)),
    lessEqual: (a, b) => asInt(tf.lessEqual(a, b)),
    greater: (a, b) => asInt(tf.greater(a, b)),
    greaterEqual: (a, b) => asInt(tf.greaterEqual(a, b)),
    where: (a, b) => tf.where(tf.less(a, b), a, tf.mul(b, tf.onesLike(b))),
    addN: (a, b) => tf.addN([tf.add(a, b), tf.mul(a, b)]),
  };
  const floating: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
    ...binary,
    div: (a, b) => tf.div(a, tf.add(tf.abs(b), 0.5)),
    // Plain JavaScript calls the result integers.
    floorDiv: (a, b) => tf.cast(tf.floorDiv(a, tf.add(tf.abs(b), 0.5)), 'float32'),
    pow: (a, b) => tf.pow(tf.abs(a), b),
    mod: (a, b) => tf.mod(a, tf.add(tf.abs(b), 0.5)),
    atan2: tf.atan2,
    prelu: tf.prelu,
    divNoNan: (a, b) => tf.divNoNan(a, tf.relu(b)),
    and: (a, b) => asInt(tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0))),
    or: (a, b) => asInt(tf.logicalOr(tf.greater(a, 0), tf.greater(b, 0))),
    xor: (a, b) => asInt(tf.logicalXor(tf.greater(a, 0), tf.greater(b, 0))),
    'equality of truth values': (a, b) => asInt(tf.equal(tf.greater(a, 0), tf.greater(b, 0))),
    'selection by a column': (a, b) => tf.where(tf.greater(tf.mean(a, -1, true), 0), tf.add(a, b), tf.sub(a, b)),
    'selection of constants': (a, b) => tf.where(tf.greater(a, b), 0, Number.NEGATIVE_INFINITY),
  };
  const whole: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
    ...binary,
    div: (a, b) => tf.div(a, tf.add(tf.abs(b), tf.scalar(1, 'int32'))),
    floorDiv: (a, b) => tf.floorDiv(a, tf.add(tf.abs(b), tf.scalar(1, 'int32'))),
    mod: (a, b) => tf.mod(a, tf.add(tf.abs(b), tf.scalar(1, 'int32'))),
    pow: (a, b) => tf.pow(a, tf.minimum(tf.abs(b), tf.scalar(2, 'int32'))),
    'with floats': (a, b) => tf.add(a, tf.cast(b, 'float32')),
    bitwiseAnd: (a, b) => (a.rank === b.rank && a.size === b.size ? tf.bitwiseAnd(a, b) : a),
  };
  /** Two shapes that broadcast to one. */
  const pairs = fc
    .tuple(
      shapes(1, 5),
      fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
      fc.integer({ min: 0, max: 3 }),
      seeds,
    )
    .map(([shape, ones, drop, seed]) => ({
      a: shape.map((size, i) => (ones[i] && ones[i + 5] ? 1 : size)),
      b: shape.map((size, i) => (ones[i + 5] ? 1 : size)).slice(Math.min(drop, shape.length)),
      seed,
    }));
  it.each(Object.entries(floating))('%s', async (_, op) => {
    const cases = pairs.map(
      ({ a, b, seed }): Case => ({
        inputs: { a: floats(a, seed), b: floats(b, seed + 1) },
        op: (t) => op(t.a as tf.Tensor, t.b as tf.Tensor),
      }),
    );
    await check(cases);
  });
  it.each(Object.entries(whole))('%s of integers', async (_, op) => {
    const cases = pairs.map(
      ({ a, b, seed }): Case => ({
        inputs: { a: ints(a, seed), b: ints(b, seed + 1) },
        op: (t) => op(t.a as tf.Tensor, t.b as tf.Tensor),
      }),
    );
    await check(cases);
  });
});

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
        // Each dimension of the batch is one on the left, on the right, or on neither.
        const side = (one: number): number[] => outer.map(([size, which]) => (which === one ? 1 : size));
        const inputs = { a: floats([...side(0), 3, 5], seed), b: floats([...side(1), 5, 2], seed + 1) };
        return { inputs, op: ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor) };
      });
    await check(cases);
  });
  it('a right operand in two shapes', async () => {
    // tfjs's own kernel takes the second for the first.
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
        // Ties are broken by position.
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

it('what is not finite stays so', async () => {
  const data = Float32Array.of(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    -0,
    1e38,
    -1e38,
    1e-40,
  );
  const special: Values = { dtype: 'float32', shape: [8], data };
  const ops: readonly ((x: tf.Tensor) => tf.Tensor)[] = [
    (x) => asInt(tf.isNaN(x)),
    (x) => asInt(tf.isFinite(x)),
    (x) => asInt(tf.isInf(x)),
    tf.exp,
    tf.expm1,
    tf.tanh,
    tf.sigmoid,
    tf.softplus,
    tf.abs,
    tf.neg,
    tf.log1p,
    (x) => tf.add(x, 1),
    (x) => tf.mul(x, 2),
    (x) => tf.maximum(x, 0),
    (x) => tf.minimum(x, 0),
    (x) => asInt(tf.greater(x, 0)),
    (x) => asInt(tf.equal(x, x)),
    (x) => tf.where(tf.isFinite(x), x, tf.zerosLike(x)),
    (x) => tf.sum(x),
    (x) => tf.softmax(tf.slice(x, 2, 3)),
    (x) => tf.clipByValue(tf.slice(x, 1), -5, 5),
    (x) => tf.max(tf.slice(x, 1)),
  ];
  for (const op of ops)
    await expectSame({ inputs: { x: special }, op: ({ x }) => op(x as tf.Tensor) }).catch((error: unknown) => {
      throw new Error(`${op}`, { cause: error });
    });
});
