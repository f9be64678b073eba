import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Values } from '../types.js';
import { asInt, type Case, check, expectSame, floats, ints, onlyWasm, seeds, shapes } from './_kernels-for-tests.js';

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
  /** Two shapes that broadcast to one shape. */
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

it('numbers that are not finite stay so', async () => {
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
    await expectSame({ inputs: { x: special }, op: ({ x }) => op(x as tf.Tensor) }, { on: onlyWasm }).catch(
      (error: unknown) => {
        throw new Error(`${op}`, { cause: error });
      },
    );
});
