import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sizeOf } from '../shared/size-of.js';
import { testEngine } from '../test/index.js';
import { softwareGpu } from '../test/software-gpu.js';
import type { Engine, Values } from '../types.js';
import { openPortable } from './open-portable.js';

const [wasm, cpu, gpu] = [await openPortable('wasm'), testEngine(), await softwareGpu()];
const engines: [string, Engine][] = [['WebAssembly', wasm]];
if (gpu.missing === undefined) engines.push(['WebGPU', await gpu.open()]);
afterAll(async () => {
  for (const [, engine] of [...engines, ['', cpu] as const]) await engine.dispose();
});

it.skipIf(gpu.missing !== undefined)(`${gpu.title} computes, too`, () => {
  expect(engines.length).toBe(2);
});

const floats = (shape: readonly number[], f = 1.3): Values => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(f * (i + 1))),
});
const ints = (data: readonly number[], shape: readonly number[] = [data.length]): Values => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(data),
});

const x = () => floats([2, 3, 4]);
type Op = (t: tf.Tensor, i: tf.Tensor) => tf.Tensor;

/** The ops of language models, losses, optimizers and sampling. */
const ops: readonly (readonly [string, Op])[] = [
  ['arithmetic', (t) => tf.div(tf.sub(tf.add(t, 2), tf.mul(t, t)), tf.add(tf.squaredDifference(t, 3), 1))],
  ['maximum, minimum', (t) => tf.minimum(tf.maximum(t, 0.1), 0.5)],
  ['unary', (t) => tf.exp(tf.neg(tf.abs(tf.tanh(tf.sigmoid(tf.softplus(t))))))],
  ['logarithms', (t) => tf.add(tf.log(tf.add(t, 2)), tf.log1p(tf.square(t)))],
  ['expm1, erf, relu, sign, floor', (t) => tf.addN([tf.expm1(t), tf.erf(t), tf.relu(t), tf.sign(t), tf.floor(t)])],
  ['roots and powers', (t) => tf.add(tf.rsqrt(tf.add(t, 2)), tf.pow(tf.sqrt(tf.add(t, 2)), 3))],
  ['sin, cos', (t) => tf.add(tf.sin(t), tf.cos(t))],
  ['comparison and selection', (t) => tf.where(tf.logicalAnd(tf.greater(t, 0), tf.lessEqual(t, 0.5)), t, tf.mul(t, 2))],
  [
    'logicalOr, logicalNot',
    (t) => tf.cast(tf.logicalOr(tf.less(t, 0), tf.logicalNot(tf.greaterEqual(t, 0.3))), 'float32'),
  ],
  [
    'integers',
    (_, i) => tf.add(tf.mul(i, tf.scalar(3, 'int32')), tf.cast(tf.greater(i, tf.scalar(1, 'int32')), 'int32')),
  ],
  ['equality of integers', (_, i) => tf.cast(tf.equal(i, tf.scalar(2, 'int32')), 'float32')],
  ['maximum of integers', (_, i) => tf.maximum(tf.sub(i, tf.scalar(2, 'int32')), tf.scalar(0, 'int32'))],
  ['matMul', (t) => tf.matMul(t, t, false, true)],
  ['matMul, transposed', (t) => tf.matMul(t, t, true, false)],
  ['matMul, rank 4', (t) => tf.matMul(tf.reshape(t, [1, 2, 3, 4]), tf.reshape(t, [1, 2, 4, 3]))],
  [
    'matMul, batches of rank 3 that broadcast both ways',
    (t) => tf.matMul(tf.reshape(tf.sin(t), [2, 1, 3, 2, 2]), tf.reshape(t, [1, 2, 3, 2, 2])),
  ],
  ['transpose, rank 5', (t) => tf.transpose(tf.reshape(t, [1, 2, 3, 2, 2]), [2, 0, 3, 1, 4])],
  ['concat, split', (t) => tf.concat(tf.split(t, 2, 2).reverse(), 1)],
  [
    'slice, pad',
    (t) =>
      tf.pad(tf.slice(t, [0, 1, 1], [2, 2, 3]), [
        [0, 0],
        [1, 0],
        [0, 2],
      ]),
  ],
  ['stack, unstack', (t) => tf.stack(tf.unstack(t, 1), 0)],
  ['tile, reverse', (t) => tf.reverse(tf.tile(t, [1, 2, 1]), 1)],
  ['gather', (t, i) => tf.gather(t, i, 1)],
  [
    'gather, batched',
    (t) =>
      tf.gather(
        t,
        tf.tensor2d(
          [
            [0, 2],
            [1, 1],
          ],
          [2, 2],
          'int32',
        ),
        1,
        1,
      ),
  ],
  [
    'gatherND',
    (t) =>
      tf.gatherND(
        t,
        tf.tensor2d(
          [
            [0, 2, 3],
            [1, 1, 0],
          ],
          [2, 3],
          'int32',
        ),
      ),
  ],
  ['unsortedSegmentSum', (t) => tf.unsortedSegmentSum(tf.reshape(t, [4, 6]), tf.tensor1d([1, 0, 1, 3], 'int32'), 4)],
  ['oneHot', (_, i) => tf.cast(tf.oneHot(i as tf.Tensor1D, 4), 'float32')],
  ['reductions', (t) => tf.addN([tf.sum(t, 2), tf.mean(t, 2), tf.max(t, 2), tf.min(t, 2), tf.prod(t, 2)])],
  ['argMax', (t) => tf.argMax(t, 2)],
  ['softmax, logSoftmax', (t) => tf.add(tf.softmax(t), tf.logSoftmax(t))],
  ['cumsum', (t) => tf.cumsum(t, 2)],
  ['topk', (t) => tf.topk(t, 2).values],
  ['isNaN, isFinite', (t) => tf.cast(tf.logicalOr(tf.isNaN(tf.sqrt(t)), tf.isFinite(t)), 'float32')],
  ['clipByValue, step', (t) => tf.add(tf.clipByValue(t, -0.2, 0.2), tf.step(t))],
  ['fill, range', (t) => tf.add(t, tf.add(tf.fill([4], 2), tf.range(0, 4)))],
];

async function run(engine: Engine, op: Op): Promise<Values> {
  const f = engine.function<'t' | 'i', 'y'>('op', (_, { t, i }) => ({ y: op(t, i) }));
  return (await f({ t: x(), i: ints([0, 2, 1]) })).y;
}

function expectClose(actual: Values, expected: Values): void {
  expect([actual.dtype, actual.shape]).toEqual([expected.dtype, expected.shape]);
  actual.data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected.data[i] as number, 5);
  });
}

it('says when the memory of WebAssembly does not suffice', async () => {
  const large = wasm.function('large', () => ({ y: tf.sum(tf.fill([2 ** 30], 1)) }));
  await expect(large({})).rejects.toMatchObject({ code: 'engine.out-of-memory' });
  const small = wasm.function('small', () => ({ y: tf.sum(tf.fill([3], 1)) }));
  expect((await small({})).y.data[0]).toBe(3);
});

it('leaves no handlers for the errors of the process behind', () => {
  for (const event of ['uncaughtException', 'unhandledRejection'])
    expect(
      process
        .listeners(event as never)
        .map(String)
        .join(),
    ).not.toMatch(/ExitStatus|throw reason/);
});

describe.each(engines)('%s computes what plain JavaScript does', (kind, engine) => {
  // Small tensors on a GPU would be computed by plain JavaScript.
  beforeAll(() => {
    if (kind === 'WebGPU') tf.env().set('WEBGPU_CPU_FORWARD', false);
  });
  afterAll(() => {
    if (kind === 'WebGPU') tf.env().set('WEBGPU_CPU_FORWARD', true);
  });

  it.each(ops)('%s', async (_, op) => {
    expectClose(await run(engine, op), await run(cpu, op));
  });

  it('in gradients and updates', async () => {
    const train = async (engine: Engine) => {
      const [w, m, v] = ['w', 'm', 'v'].map((name) =>
        engine.variable(name, [4, 3], floats([4, 3], 0.7).data as Float32Array),
      );
      if (w === undefined || m === undefined || v === undefined) throw new Error('unreachable');
      v.write(new Float32Array(12).fill(0.5));
      const step = engine.function<'t' | 'i', 'loss'>('step', (scope, { t, i }) => {
        const { value, grads } = tf.valueAndGrads((weights: tf.Tensor) => {
          const rows = tf.gather(tf.reshape(t, [6, 4]), i);
          const sums = tf.unsortedSegmentSum(
            tf.matMul(rows as tf.Tensor2D, weights as tf.Tensor2D),
            tf.tensor1d([0, 1, 0], 'int32'),
            2,
          );
          return tf.sum(tf.logSoftmax(sums)) as tf.Scalar;
        })([scope.read(w)]);
        const scalar = (value: number) => tf.scalar(value);
        scope.applyAdam({
          variable: w,
          m,
          v,
          gradient: grads[0] as tf.Tensor,
          rate: scalar(0.1),
          epsilon: scalar(1e-6),
          beta1: 0.9,
          beta2: 0.99,
        });
        return { loss: value };
      });
      const losses: number[] = [];
      for (let k = 0; k < 4; k++) losses.push((await step({ t: x(), i: ints([5, 0, 5]) })).loss.data[0] as number);
      return { dtype: 'float32' as const, shape: [16], data: Float32Array.of(...losses, ...(await w.read())) };
    };
    const before = tf.memory().numTensors;
    expectClose(await train(engine), await train(cpu));
    // Three variables on each engine are all that is left.
    expect(tf.memory().numTensors - before).toBe(6);
  });
});
