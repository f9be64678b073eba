import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { softwareGpu } from '../test/software-gpu.js';
import { tfjsNode } from '../test/tfjs-node.js';
import type { Engine, Scope, Values, Variable } from '../types.js';
import { openPortable } from './open-portable.js';

const floats = (shape: readonly number[], ...data: number[]): Values => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});
const ints = (shape: readonly number[], ...data: number[]): Values => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(data),
});

async function failure(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (DpoError.is(error)) return error.code;
    throw error;
  }
  throw new Error('It did not fail.');
}

/** Holds the device, whose shaders would be compiled anew for each test. */
const gpu = await softwareGpu();
const device = gpu.missing === undefined ? await gpu.open() : undefined;
afterAll(() => device?.dispose());

const native = tfjsNode();
const openers = {
  cpu: () => openPortable('cpu'),
  wasm: () => openPortable('wasm'),
  webgpu: gpu.open,
  'tfjs-node': native.open,
} as const;

describe.each(['cpu', 'wasm'] as const)('functions on %s', functionsOn);
describe.skipIf(gpu.missing !== undefined)(`functions on ${gpu.title}`, () => functionsOn('webgpu'));
describe.skipIf(native.missing !== undefined)(`functions on ${native.title}`, () => functionsOn('tfjs-node'));

function functionsOn(kind: keyof typeof openers): void {
  const open = openers[kind];
  let engine: Engine;
  beforeEach(async () => {
    engine = await open();
  });
  afterEach(() => engine.dispose());

  it('keep variables between calls and differentiate through them', async () => {
    const w = engine.variable('w', [2], Float32Array.of(1, 2));
    const step = engine.function('step', (scope, { x }: { readonly x: tf.Tensor }) => {
      const { value, grads } = tf.valueAndGrads((v: tf.Tensor) => tf.sum(tf.mul(tf.square(v), x)) as tf.Scalar)([
        scope.read(w),
      ]);
      scope.assign(w, tf.sub(scope.read(w), tf.mul(grads[0] as tf.Tensor, 0.1)));
      return { loss: value };
    });
    const first = await step({ x: floats([2], 1, 1) });
    expect(first.loss.data[0]).toBeCloseTo(5, 6); // 1² + 2²
    const after = await w.read(); // w − 0.1 · 2w
    expect(after[0]).toBeCloseTo(0.8, 6);
    expect(after[1]).toBeCloseTo(1.6, 6);
  });

  it('read the value when the call began, whatever was assigned', async () => {
    const [a, b] = [engine.variable('a', [1], Float32Array.of(1)), engine.variable('b', [1], Float32Array.of(2))];
    const swap = engine.function('swap', (scope) => {
      const [x, y] = [scope.read(a), scope.read(b)];
      scope.assign(a, y);
      scope.assign(b, x);
      return { a: scope.read(a) };
    });
    expect((await swap({})).a.data[0]).toBe(1);
    expect([...(await a.read()), ...(await b.read())]).toEqual([2, 1]);
    await swap({});
    expect([...(await a.read()), ...(await b.read())]).toEqual([1, 2]);
  });

  it('give float32 for integers that were cast', async () => {
    const w = engine.variable('w', [2]);
    const cast = engine.function('cast', (scope, { x }: { readonly x: tf.Tensor }) => {
      scope.assign(w, tf.cast(x, 'float32'));
      return { y: tf.cast(x, 'float32') };
    });
    expect((await cast({ x: ints([2], 1, 2) })).y).toEqual(floats([2], 1, 2));
    expect(await w.read()).toEqual(Float32Array.of(1, 2));
  });

  it('write slices in place', async () => {
    const cache = engine.variable('cache', [1, 3, 2]);
    const write = engine.function(
      'put',
      (scope, { value, at }: { readonly value: tf.Tensor; readonly at: tf.Tensor }) => {
        const before = scope.read(cache);
        const once = scope.writeSlice(cache, value, 1, at);
        const all = scope.writeSlice(cache, tf.neg(value), 1, tf.add(at, tf.scalar(1, 'int32')));
        return { before, once, all };
      },
    );
    const { before, once, all } = await write({ value: floats([1, 1, 2], 5, 6), at: ints([], 1) });
    expect([...before.data]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...once.data]).toEqual([0, 0, 5, 6, 0, 0]);
    expect([...all.data]).toEqual([0, 0, 5, 6, -5, -6]);
    expect([...(await cache.read())]).toEqual([0, 0, 5, 6, -5, -6]);
    expect(await failure(() => write({ value: floats([1, 1, 2], 5, 6), at: ints([], 2) }))).toBe('engine.wrong-shape');
    expect([...(await cache.read())]).toEqual([0, 0, 5, 6, -5, -6]); // a call that fails changes nothing
  });

  it('keep the order of calls, writes and reads, and let the event loop turn', async () => {
    const w = engine.variable('w', [1]);
    const add = engine.function('add', (scope, { x }: { readonly x: tf.Tensor }) => {
      scope.assign(w, tf.add(scope.read(w), x));
      return { value: scope.read(w) };
    });
    const input = floats([1], 1);
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    const first = add({ x: input });
    input.data[0] = 99; // the call has a copy
    const data = Float32Array.of(10);
    w.write(data);
    data.fill(99);
    const between = w.read();
    const second = add({ x: floats([1], 5) });
    const after = w.read();
    expect((await first).value.data[0]).toBe(0);
    expect(turned).toBe(true);
    expect((await between)[0]).toBe(10);
    expect((await second).value.data[0]).toBe(10);
    expect((await after)[0]).toBe(15);
    expect(add.traces).toBe(1);
  });

  it('leave no tensors behind, even when they fail', async () => {
    const w = engine.variable('w', [3, 3], new Float32Array(9).fill(0.1));
    const step = engine.function('step', (scope, { x, fail }: { readonly x: tf.Tensor; readonly fail: tf.Tensor }) => {
      const loss = (v: tf.Tensor): tf.Scalar =>
        tf.sum(tf.logSoftmax(tf.matMul(tf.gather(v, tf.tensor1d([0, 2, 0], 'int32')), v)));
      const { value, grads } = tf.valueAndGrads(loss)([scope.read(w)]);
      scope.assign(w, tf.sub(scope.read(w), tf.mul(grads[0] as tf.Tensor, x)));
      scope.writeSlice(engine.variable(`v${Math.random()}`, [1]), tf.ones([1]), 0, tf.scalar(0, 'int32'));
      if (fail.dataSync()[0] === 1) throw new DpoError('test.failed', 'It fails.');
      return { loss: value };
    });
    const inner = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) await step({ x: floats([], 0.1), fail: ints([], 0) });
    for (let i = 0; i < 5; i++)
      expect(await failure(() => step({ x: floats([], 0.1), fail: ints([], 1) }))).toBe('test.failed');
    // The ten variables that the body makes are all that is new.
    expect(tf.memory().numTensors - inner).toBe(10);
    await engine.dispose();
    expect(tf.memory().numTensors - inner).toBe(-1);
  });

  it('refuse inputs that are missing, of another type, or do not fill their shape', async () => {
    const f = engine.function('f', (_, { x }: { readonly x: tf.Tensor }) => ({ y: x }));
    const x = floats([2, 3], 1, 2, 3, 4, 5, 6);
    const wrong = (input: unknown) => failure(() => f({ x: input as Values }));
    expect(await wrong(undefined)).toBe('engine.wrong-input');
    expect(await wrong({ ...x, dtype: 'int32' })).toBe('engine.wrong-dtype');
    expect(await wrong({ ...x, dtype: 'float64' })).toBe('engine.wrong-dtype');
    expect(await wrong({ ...x, shape: [7] })).toBe('engine.wrong-shape');
    expect(await wrong({ ...x, shape: [-2, -3] })).toBe('engine.wrong-shape');
  });

  it('refuse bodies that return no tensors, or ask for a gradient that does not exist', async () => {
    const wrong = async () => ({ y: 1 });
    expect(await failure(() => engine.function('f', wrong as never)({}))).toBe('engine.wrong-result');
    expect(await failure(() => engine.function('f', () => ({ y: 1 }) as never)({}))).toBe('engine.wrong-result');
    const noGradient = engine.function('g', () => ({
      y: tf.grad((v: tf.Tensor) => tf.topk(v, 1).values)(tf.ones([3])),
    }));
    expect(await failure(() => noGradient({}))).toBe('engine.no-gradient');
  });

  it('refuse updates that do not fit, that come twice, or of another engine’s variables', async () => {
    const w = engine.variable('w', [2]);
    const other = await open();
    const foreign = other.variable('other', [2]);
    const run = (body: (scope: Scope) => unknown) =>
      failure(() =>
        engine.function('f', (scope) => {
          body(scope);
          return {};
        })({}),
      );
    const slice = (scope: Scope, variable: Variable = w) =>
      scope.writeSlice(variable, tf.zeros([1]), 0, tf.scalar(0, 'int32'));
    expect(await run((scope) => [scope.assign(w, tf.zeros([2])), scope.assign(w, tf.ones([2]))])).toBe(
      'engine.updated-twice',
    );
    expect(await run((scope) => [scope.assign(w, tf.zeros([2])), slice(scope)])).toBe('engine.updated-twice');
    expect(await run((scope) => scope.assign(w, tf.zeros([3])))).toBe('engine.wrong-shape');
    expect(await run((scope) => scope.assign(w, tf.zeros([2], 'int32')))).toBe('engine.wrong-shape');
    expect(await run((scope) => [slice(scope), scope.read(w)])).toBe('engine.read-after-write');
    expect(await run((scope) => scope.read(foreign))).toBe('engine.foreign-variable');
    await other.dispose();
  });

  it('refuse disposed variables, functions and engines', async () => {
    const w = engine.variable('gone', [2]);
    const f = engine.function('uses', (scope) => ({ y: scope.read(w) }));
    const last = f({});
    w.dispose();
    w.dispose();
    await expect(last).rejects.toMatchObject({ code: 'engine.disposed' });
    for (const use of [() => f({}), () => w.read(), () => w.write(new Float32Array(2))])
      expect(await failure(use)).toBe('engine.disposed');
    const g = engine.function('g', () => ({ y: tf.scalar(1) }));
    g.dispose();
    expect(await failure(() => g({}))).toBe('engine.disposed');
    const h = engine.function('h', () => ({ y: tf.scalar(1) }));
    const pending = h({});
    await engine.dispose();
    expect((await pending).y.data[0]).toBe(1);
    for (const use of [() => h({}), () => engine.variable('v', [1]), () => engine.function('i', () => ({}))])
      expect(await failure(use)).toBe('engine.disposed');
    expect(await failure(() => engine.variable('v', [2], new Float32Array(3)))).toBe('engine.disposed');
  });

  it('refuse values of another size', async () => {
    expect(await failure(() => engine.variable('v', [2], new Float32Array(3)))).toBe('engine.wrong-shape');
    expect(await failure(() => engine.variable('v', [-1]))).toBe('engine.wrong-shape');
    const tooMuch = kind === 'webgpu' ? 'engine.too-large' : 'engine.out-of-memory';
    expect(await failure(() => engine.variable('v', [2 ** 20, 2 ** 20]))).toBe(tooMuch);
    const w = engine.variable('w', [2]);
    expect(await failure(() => w.write(new Float32Array(3)))).toBe('engine.wrong-shape');
  });
}
