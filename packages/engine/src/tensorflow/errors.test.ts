import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, ints } from '../shared/_engines-for-tests.js';
import type { Engine, Values, Variable } from '../types.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();

async function failure(work: () => unknown): Promise<DpoError> {
  try {
    await work();
  } catch (error) {
    if (DpoError.is(error)) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}

it('refuses a folder without the library', async () => {
  const error = await failure(() => openTensorFlow({ folder: '/nowhere' }));
  expect(error.code).toBe('engine.library-unloadable');
  expect(error.hint).toContain('dpo engine install');
});

it.runIf(process.platform === 'linux')('reports the loader’s error of a broken library', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dpo-broken-'));
  for (const name of ['libtensorflow_framework.so.2', 'libtensorflow_cc.so.2'])
    await writeFile(join(folder, name), 'not a library');
  const error = await failure(() => openTensorFlow({ folder }));
  expect(error.code).toBe('engine.library-unloadable');
  expect(error.message).toMatch(/file too short|invalid ELF header/);
});

it('refuses an impossible thread count', async () => {
  expect((await failure(() => openTensorFlow({ folder: '/nowhere', threads: 0 }))).code).toBe('engine.wrong-option');
});

describe.skipIf(library === undefined)('mistakes in functions', () => {
  let engine: Engine;
  beforeAll(() => {
    engine = openTensorFlow({ folder: library ?? '' });
  });
  afterAll(() => engine.dispose());

  const x = floats([2, 3], [1, 2, 3, 4, 5, 6]);
  type Body = (x: tf.Tensor) => tf.Tensor;
  const call = (body: Body, input: Values = x) =>
    failure(() =>
      engine.function('f', (_, tensors: { readonly x: tf.Tensor }) => ({ y: body(tensors.x) }))({ x: input }),
    );

  it('names an op without a kernel and the line that called it', async () => {
    const error = await call((t) => tf.image.flipLeftRight(tf.reshape(t, [1, 2, 3, 1])));
    expect(error.code).toBe('engine.unsupported-op');
    expect(error.values.op).toBe('FlipLeftRight');
    expect(error.values.calledFrom).toMatch(/errors\.test\.ts:\d+/);
  });

  it('names the line that reads a traced tensor', async () => {
    const error = await call((t) => tf.scalar(t.dataSync()[0] ?? 0));
    expect(error.code).toBe('engine.traced-read');
    expect(error.values.calledFrom).toMatch(/errors\.test\.ts:\d+/);
  });

  it('names op, shapes and line when shapes do not fit', async () => {
    const error = await call((t) => tf.matMul(t as tf.Tensor2D, t as tf.Tensor2D));
    expect(error.code).toBe('engine.wrong-shape');
    expect(error.values).toMatchObject({ op: 'MatMul', inputs: ['float32[2,3]', 'float32[2,3]'] });
    expect(error.values.calledFrom).toMatch(/errors\.test\.ts:\d+/);
    expect((await call((t) => tf.reshape(t, [4]))).code).toBe('engine.wrong-shape');
  });

  it('names an op that has no gradient', async () => {
    const error = await call((t) => tf.grad((v: tf.Tensor) => tf.topk(v, 1).values)(t));
    expect(error.code).toBe('engine.no-gradient');
    expect(error.values.op).toBe('TopK');
  });

  it('refuses bodies that return no tensors', async () => {
    const wrong = async () => ({ y: tf.scalar(1) });
    expect((await failure(() => engine.function('f', wrong as never)({}))).code).toBe('engine.wrong-result');
    expect((await failure(() => engine.function('f', () => ({ y: 1 }) as never)({}))).code).toBe('engine.wrong-result');
  });

  it('reports the operation that fails while a function runs', async () => {
    const gather = engine.function('lookup', (_, { i }: { readonly i: tf.Tensor }) => ({
      y: tf.gather(tf.ones([3, 2]), i),
    }));
    const error = await failure(() => gather({ i: ints([1], [7]) }));
    expect(error.code).toBe('engine.tensorflow-failed');
    expect(error.message).toContain('function lookup: indices[0] = 7');
    expect(error.values.op).toBe('GatherV2');
    expect(error.values.calledFrom).toMatch(/errors\.test\.ts:\d+/);
    expect((await gather({ i: ints([1], [2]) })).y.shape).toEqual([1, 2]);
  });

  it('has no room for a variable that is larger than the machine', async () => {
    const error = await failure(() => engine.variable('large', [2 ** 20, 2 ** 20]));
    expect(error.code).toBe('engine.out-of-memory');
    expect(error.values.bytes).toBe(2 ** 42);
  });

  it('refuses shapes for which TensorFlow would end the process', async () => {
    const f = engine.function('f', (_, tensors: { readonly x: tf.Tensor }) => ({ y: tensors.x }));
    for (const shape of [[2 ** 40, 2 ** 40], Array.from({ length: 300 }, () => 1), [Number.NaN], [0.5], undefined]) {
      const wrong = shape as unknown as number[];
      expect((await failure(() => engine.variable('v', wrong))).code).toBe('engine.wrong-shape');
      expect((await failure(() => f({ x: floats(wrong, [1]) }))).code).toBe('engine.wrong-shape');
    }
  });

  it('refuses a device that the machine lacks', async () => {
    const folder = library ?? '';
    const error = await failure(() => openTensorFlow({ folder, device: 'gpu:77' }));
    expect(error.code).toBe('engine.no-device');
    expect(error.message).toMatch(/no device gpu:77 here; it has cpu/);
    expect(error.values.known).toContain('cpu');
    expect((await failure(() => openTensorFlow({ folder, device: 'tpu' as 'cpu' }))).code).toBe('engine.wrong-option');
    const onCpu = openTensorFlow({ folder, device: 'cpu' });
    expect(onCpu.device).toBe('cpu');
    expect(onCpu.description).toMatch(/^TensorFlow 2\.21\.\d+ on \d+ CPU cores?, float32$/);
    await onCpu.dispose();
  });

  it('refuses inputs that are missing, of another type, or do not fill their shape', async () => {
    const f = engine.function('f', (_, tensors: { readonly x: tf.Tensor }) => ({ y: tensors.x }));
    const wrong = (input: unknown) => failure(() => f({ x: input as Values }));
    expect((await wrong(undefined)).code).toBe('engine.wrong-input');
    expect((await wrong({ ...x, dtype: 'int32' })).code).toBe('engine.wrong-dtype');
    expect((await wrong({ ...x, dtype: 'float64' })).code).toBe('engine.wrong-dtype');
    expect((await wrong({ ...x, shape: [7] })).code).toBe('engine.wrong-shape');
    expect((await wrong({ ...x, shape: [-2, -3] })).code).toBe('engine.wrong-shape');
  });

  it('refuses updates that do not fit, come twice, or follow a write', async () => {
    const w = engine.variable('w', [2]);
    const run = (body: (scope: Parameters<Parameters<Engine['function']>[1]>[0]) => tf.Tensor) =>
      failure(() => engine.function('g', (scope) => ({ y: body(scope) }))({}));
    const twice = await run((scope) => {
      scope.assign(w, tf.zeros([2]));
      scope.assign(w, tf.ones([2]));
      return tf.scalar(0);
    });
    expect(twice.code).toBe('engine.updated-twice');
    const misfit = await run((scope) => {
      scope.assign(w, tf.zeros([3]));
      return tf.scalar(0);
    });
    expect(misfit.code).toBe('engine.wrong-shape');
    expect(misfit.values.calledFrom).toMatch(/errors\.test\.ts:\d+/);
    const late = await run((scope) => {
      scope.writeSlice(w, tf.zeros([1]), 0, tf.scalar(0, 'int32'));
      return scope.read(w);
    });
    expect(late.code).toBe('engine.read-after-write');
  });

  it('refuses variables and functions that were disposed of', async () => {
    const w = engine.variable('gone', [2]);
    const f = engine.function('uses', (scope) => ({ y: scope.read(w) }));
    await f({});
    w.dispose();
    w.dispose();
    for (const use of [() => f({}), () => w.read(), () => w.write(new Float32Array(2))])
      expect((await failure(use)).code).toBe('engine.disposed');
    f.dispose();
    expect((await failure(() => f({}))).code).toBe('engine.disposed');
  });

  it('refuses writes of another size, and variables of another engine', async () => {
    const w = engine.variable('w', [2]);
    expect((await failure(() => w.write(new Float32Array(3)))).code).toBe('engine.wrong-shape');
    expect((await failure(() => engine.variable('v', [2], new Float32Array(3)))).code).toBe('engine.wrong-shape');
    const other: Variable = { ...w, name: 'other', shape: [2] };
    const error = await failure(() => engine.function('f', (scope) => ({ y: scope.read(other) }))({}));
    expect(error.code).toBe('engine.foreign-variable');
  });

  it('does not load a second copy of the library', async () => {
    expect((await failure(() => openTensorFlow({ folder: '/elsewhere' }))).code).toBe('engine.library-twice');
  });
});

it.skipIf(library === undefined)('refuses everything once it is disposed of', async () => {
  const engine = openTensorFlow({ folder: library ?? '' });
  const f = engine.function('f', () => ({ y: tf.scalar(1) }));
  const w = engine.variable('w', [1]);
  const last = f({});
  await engine.dispose();
  await engine.dispose();
  expect((await last).y.data[0]).toBe(1);
  for (const use of [
    () => f({}),
    () => w.read(),
    () => engine.variable('v', [1]),
    () => engine.function('g', () => ({})),
  ])
    expect((await failure(use)).code).toBe('engine.disposed');
});
