import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openEngine } from '../open-engine.js';
import { eagerEngine } from '../portable/eager-engine.js';
import { openPortable } from '../portable/open-portable.js';
import { expectClose, floats } from '../shared/_engines-for-tests.js';
import { softwareGpu } from '../test/software-gpu.js';
import type { Engine, Values } from '../types.js';
import { chooseAdapter, type OpenAdapter, searchAdapters } from './adapters.js';
import { startDevice } from './start-device.js';

const limits = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
};
const fake = (device: 'cpu' | `gpu:${number}`, name: string): OpenAdapter => ({
  about: { device, name, software: device === 'cpu', limits, features: [] },
  adapter: {} as GPUAdapter,
});

describe('the choice of an adapter', () => {
  const adapters = [fake('gpu:0', 'a card'), fake('gpu:1', 'the processor’s own'), fake('cpu', 'an emulator')];
  it('takes the first GPU, or the one that is named', () => {
    const chosen = (['auto', 'gpu', 'gpu:1', 'cpu'] as const).map(
      (name) => chooseAdapter({ adapters }, name).about.name,
    );
    expect(chosen).toEqual(['a card', 'a card', 'the processor’s own', 'an emulator']);
    expect(() => chooseAdapter({ adapters }, 'gpu:2')).toThrow(
      'WebGPU has no gpu:2, only gpu:0 (a card), gpu:1 (the processor’s own), cpu (an emulator).',
    );
  });

  it('never takes software that was not asked for', () => {
    const software = { adapters: [fake('cpu', 'an emulator')] };
    for (const device of ['auto', 'gpu', 'gpu:0'] as const)
      expect(() => chooseAdapter(software, device)).toThrow(
        expect.objectContaining({
          code: 'engine.only-software',
          message: expect.stringContaining('cpu (an emulator)'),
        }),
      );
  });

  it('says why there is none', () => {
    const problem = { why: 'this browser has no WebGPU', hint: 'Use another.' };
    expect(() => chooseAdapter({ adapters: [], problem }, 'auto')).toThrow(
      expect.objectContaining({
        code: 'engine.no-adapter',
        message: 'WebGPU cannot compute on this machine: this browser has no WebGPU.',
        hint: 'Use another.',
      }),
    );
  });
});

const some = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));

const gpu = await softwareGpu();

describe.skipIf(gpu.missing !== undefined)(gpu.title, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await gpu.open();
  });
  afterAll(() => engine.dispose());

  it('is opened for device cpu only, and says on what it runs', async () => {
    expect(engine).toMatchObject({ kind: 'webgpu', device: 'cpu', precision: 'float32' });
    expect(engine.description).toMatch(/^portable engine \(WebGPU on .*, a software adapter\), float32$/);
    // The machine may have a GPU as well.
    if ((await searchAdapters()).adapters.every(({ about }) => about.software))
      await expect(openEngine({ kind: 'webgpu' })).rejects.toMatchObject({ code: 'engine.only-software' });
    await expect(openEngine({ kind: 'webgpu', device: 'gpu:7' })).rejects.toMatchObject({
      code: expect.stringMatching(/^engine.(only-software|no-device)$/),
    });
  });

  it('needs one submission to compute and to read, and one for the updates', async () => {
    const w = engine.variable('w', [40, 50], some(2000));
    const step = engine.function('step', (scope, { x }: { readonly x: tf.Tensor }) => {
      const { value, grads } = tf.valueAndGrads((v: tf.Tensor) => tf.sum(tf.tanh(tf.matMul(x, v))) as tf.Scalar)([
        scope.read(w),
      ]);
      scope.assign(w, tf.sub(scope.read(w), tf.mul(grads[0] as tf.Tensor, 0.1)));
      return { value, again: tf.mul(value, 2) };
    });
    const x = floats([30, 40], some(1200));
    await step({ x });
    const before = engine.work?.();
    await step({ x });
    const after = engine.work?.();
    if (before === undefined || after === undefined) throw new Error('WebGPU counts its work');
    expect(after.submissions - before.submissions).toBeLessThanOrEqual(2);
    expect(after.dispatches - before.dispatches).toBeGreaterThan(4);
    // Buffers that a step has freed serve the next step.
    expect(after.bytes).toBe(before.bytes);
    w.dispose();
  });

  it('refuses to read a value inside a function', async () => {
    const f = engine.function('reads', (_, { x }: { readonly x: tf.Tensor }) => ({
      y: tf.scalar(tf.exp(x).dataSync()[0] as number),
    }));
    await expect(f({ x: floats([2000], some(2000)) })).rejects.toMatchObject({ code: 'engine.traced-read' });
  });

  it('names the op that it has no kernel for', async () => {
    const f = engine.function('unusual', () => ({ y: tf.unique(tf.tensor1d([1, 1])).values }));
    await expect(f({})).rejects.toMatchObject({ code: 'engine.unsupported-op', values: { op: 'Unique' } });
  });

  it('says which tensor is larger than which limit', async () => {
    expect(() => engine.variable('embedding', [2 ** 20, 2 ** 20])).toThrow(
      expect.objectContaining({
        code: 'engine.too-large',
        message: expect.stringMatching(
          /^Variable embedding \[1048576,1048576\] takes 4398046511104 bytes, .*maxBufferSize \d+/,
        ),
      }),
    );
    const f = engine.function('fills', () => ({ y: tf.sum(tf.fill([2 ** 20, 2 ** 20], 1)) }));
    await expect(f({})).rejects.toMatchObject({ code: 'engine.too-large', values: { limitName: 'maxBufferSize' } });
  });

  it('keeps to a memory limit, leaves no buffers behind when a call exceeds it, and goes on', async () => {
    const limited = await openPortable('webgpu', { device: 'cpu', memoryLimit: 2 ** 24 });
    const w = limited.variable('w', [1], Float32Array.of(1));
    const f = limited.function('grows', (scope, { x }: { readonly x: tf.Tensor }) => {
      const softmaxes = Array.from({ length: x.size }, () => tf.softmax(tf.fill([2 ** 8, 2 ** 10], 1)));
      scope.assign(w, tf.add(scope.read(w), 1));
      return { y: tf.sum(tf.addN(softmaxes)) };
    });
    expect((await f({ x: floats([1], [0]) })).y.data[0]).toBeCloseTo(2 ** 8, 2);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 3; i++)
      await expect(f({ x: floats([20], some(20)) })).rejects.toMatchObject({ code: 'engine.out-of-memory' });
    expect(tf.memory().numTensors).toBe(before);
    expect((await f({ x: floats([1], [0]) })).y.data[0]).toBeCloseTo(2 ** 8, 2);
    // A call that fails changes nothing.
    expect([...(await w.read())]).toEqual([3]);
    await limited.dispose();
  });

  it('computes on tensors that one binding cannot hold', async () => {
    const pieces = eagerEngine(await startDevice({ device: 'cpu', pieceBytes: 1024 }), 'in pieces');
    const cpu = await openPortable('cpu');
    const compute = async (on: Engine): Promise<Record<string, Values>> => {
      const [e, m, v] = ['e', 'm', 'v'].map((name) => on.variable(name, [60, 8], some(480).map(Math.abs)));
      if (e === undefined || m === undefined || v === undefined) throw new Error('unreachable');
      const step = on.function<'ids' | 'x', 'logits' | 'loss' | 'e'>('step', (scope, { ids, x }) => {
        const logits = (w: tf.Tensor): tf.Tensor => tf.matMul(tf.add(tf.gather(w, ids), x), w, false, true);
        const { value, grads } = tf.valueAndGrads(
          (w: tf.Tensor) => tf.neg(tf.mean(tf.logSoftmax(logits(w)))) as tf.Scalar,
        )([scope.read(e)]);
        const [rate, epsilon] = [tf.scalar(0.1), tf.scalar(1e-6)];
        scope.applyAdam({ variable: e, m, v, gradient: grads[0] as tf.Tensor, rate, epsilon, beta1: 0.9, beta2: 0.99 });
        return { logits: logits(scope.read(e)), loss: value, e: tf.mul(scope.read(e), 2) };
      });
      const ids = Int32Array.from({ length: 12 }, (_, i) => (i * 17) % 60);
      const inputs = { ids: { dtype: 'int32', shape: [12], data: ids }, x: floats([12, 8], some(96)) } as const;
      await step(inputs);
      return { ...(await step(inputs)), after: floats([60, 8], await e.read()), m: floats([60, 8], await m.read()) };
    };
    const [actual, expected] = [await compute(pieces), await compute(cpu)];
    for (const [name, values] of Object.entries(expected)) expectClose(actual[name], values, 2e-5);
    await pieces.dispose();
    await cpu.dispose();
  });

  it('updates by Adam in place, unless something else holds a tensor', async () => {
    const of = (name: string) => engine.variable(name, [3], Float32Array.of(1, 2, 3));
    const [w, m, v, twin] = [of('w'), of('m'), of('v'), of('twin')];
    const share = engine.function('share', (scope) => {
      scope.assign(twin, scope.read(w));
      return {};
    });
    await share({});
    const update = engine.function('update', (scope) => {
      const [rate, epsilon, decay] = [tf.scalar(0.5), tf.scalar(0), tf.scalar(0.1)];
      scope.applyAdam({
        variable: w,
        m,
        v,
        gradient: tf.tensor1d([4, 0, 4]),
        rate,
        epsilon,
        decay,
        beta1: 0.5,
        beta2: 0.75,
      });
      return { w: scope.read(w) };
    });
    const { w: before } = await update({});
    expect([...before.data]).toEqual([1, 2, 3]);
    expect([...(await twin.read())]).toEqual([1, 2, 3]);
    // m = 0.5 m + 0.5 g, v = 0.75 v + 0.25 g², w = 0.9 w − 0.5 m / √v
    expect([...(await m.read())]).toEqual([2.5, 1, 3.5]);
    expect([...(await v.read())]).toEqual([4.75, 1.5, 6.25]);
    const after = await w.read();
    for (const [i, value] of [0.9 - 1.25 / Math.sqrt(4.75), 1.8 - 0.5 / Math.sqrt(1.5), 2.7 - 1.75 / 2.5].entries())
      expect(after[i]).toBeCloseTo(value, 6);
  });

  it('that is lost says so, and the next engine computes again', async () => {
    // A device of its own, since all engines on it are lost.
    const device = await startDevice({ device: 'cpu', pieceBytes: 2 ** 20 });
    const lost = eagerEngine(device, 'to be lost');
    const w = lost.variable('w', [2], Float32Array.of(1, 2));
    const f = lost.function('double', (scope) => ({ y: tf.mul(scope.read(w), 2) }));
    expect([...(await f({})).y.data]).toEqual([2, 4]);
    const pending = f({});
    (tf.findBackend(device.name) as unknown as { device: GPUDevice }).device.destroy();
    await expect(pending).rejects.toMatchObject({
      code: 'engine.device-lost',
      hint: expect.stringContaining('last checkpoint'),
    });
    await vi.waitFor(() => expect(() => device.check()).toThrow('The GPU was lost'));
    for (const use of [
      () => f({}),
      async () => w.write(Float32Array.of(3, 4)),
      () => w.read(),
      async () => lost.variable('v', [1]),
    ])
      await expect(use()).rejects.toMatchObject({ code: 'engine.device-lost' });
    await lost.dispose();
    const next = eagerEngine(await startDevice({ device: 'cpu', pieceBytes: 2 ** 20 }), 'anew');
    const g = next.function('three', () => ({ y: tf.add(tf.ones([2]), 2) }));
    expect([...(await g({})).y.data]).toEqual([3, 3]);
    await next.dispose();
  });
});
