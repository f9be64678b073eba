import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose, floats, ints } from '../shared/_engines-for-tests.js';
import { testEngine } from '../test/index.js';
import type { Engine, Scope, Values } from '../types.js';
import { layerLoss, noise } from './_layer-loss-for-tests.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe.skipIf(library === undefined)('functions on TensorFlow', () => {
  const plain = testEngine();
  let engine: Engine;
  beforeAll(() => {
    engine = openTensorFlow({ folder: library ?? '' });
  });
  afterAll(() => engine.dispose());

  it('describes itself', () => {
    expect(engine.kind).toBe('tensorflow');
    expect(engine.description).toMatch(/^TensorFlow 2\.21\.\d+ on \d+ CPU cores?, float32$/);
  });

  it('differentiates a layer of attention and a perceptron as the plain engine does', async () => {
    const [B, T, D] = [2, 5, 6];
    const shapes = { qkv: [D, 3 * D], o: [D, D], g: [D], up: [D, 4 * D], down: [4 * D, D] };
    const names = Object.keys(shapes) as (keyof typeof shapes)[];
    const run = async (on: Engine) => {
      const weights = names.map((name) =>
        on.variable(name, shapes[name], noise(tf.util.sizeFromShape(shapes[name]), 1, name.length)),
      );
      const step = on.function('attention', (scope, { x, ids }: { readonly x: tf.Tensor; readonly ids: tf.Tensor }) => {
        const loss = (...w: tf.Tensor[]) => layerLoss(x, ids, w, D);
        const { value, grads } = tf.valueAndGrads(loss)(weights.map((weight) => scope.read(weight)));
        return { loss: value, ...Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor])) };
      });
      return step({ x: floats([B, T, D], noise(B * T * D, 2)), ids: ints([B, T], [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]) });
    };
    const [actual, expected] = [await run(engine), await run(plain)] as Record<string, Values>[];
    for (const name of ['loss', ...names]) expectClose(actual?.[name], expected?.[name] as Values, 2e-5);
  });

  it('shares variables between functions and keeps them between calls', async () => {
    const w = engine.variable('w', [2], Float32Array.of(1, 2));
    const add = engine.function('add', (scope, { x }: { readonly x: tf.Tensor }) => {
      const sum = tf.add(scope.read(w), x);
      scope.assign(w, sum);
      return { before: scope.read(w) };
    });
    const double = engine.function('double', (scope) => ({ y: tf.mul(scope.read(w), 2) }));
    const { before } = await add({ x: floats([2], [10, 20]) });
    expect([...before.data]).toEqual([1, 2]); // the value when the call began
    expect([...(await double({})).y.data]).toEqual([22, 44]);
    w.write(Float32Array.of(5, 6));
    expect([...(await double({})).y.data]).toEqual([10, 12]);
    expect([...(await w.read())]).toEqual([5, 6]);
  });

  it('begins variables of every size at zero, even in memory that held other values', async () => {
    const earlier = engine.variable('earlier', [300, 1000], new Float32Array(300_000).fill(7));
    await earlier.read();
    earlier.dispose();
    for (const shape of [[], [0], [3], [300, 1000]]) {
      const w = engine.variable('zeros', shape);
      const value = await w.read();
      expect(value.length).toBe(shape.reduce((a, b) => a * b, 1));
      expect(value.every((x) => x === 0)).toBe(true);
      w.dispose();
    }
  });

  it.each([
    ['TensorFlow', () => engine],
    ['plain', () => plain],
  ])('reads a variable into an array of the caller: %s', async (_, which) => {
    const w = which().variable('roomy', [3], Float32Array.of(1, 2, 3));
    const room = new Float32Array(5).fill(9);
    const value = await w.read(room);
    expect([...value]).toEqual([1, 2, 3]);
    expect([...room]).toEqual([1, 2, 3, 9, 9]);
    w.write(Float32Array.of(4, 5, 6));
    await w.read();
    expect([...value]).toEqual([1, 2, 3]);
    await expect(w.read(new Float32Array(2))).rejects.toMatchObject({
      code: 'engine.wrong-shape',
      values: { expected: 3, received: 2 },
    });
  });

  it('keeps the order of calls, writes and reads', async () => {
    const w = engine.variable('ordered', [1]);
    const add = engine.function('increment', (scope) => {
      scope.assign(w, tf.add(scope.read(w), 1));
      return { value: scope.read(w) };
    });
    const first = add({});
    const data = Float32Array.of(10);
    w.write(data);
    data.fill(99); // the variable has a copy
    const between = w.read();
    const second = add({});
    const after = w.read();
    expect((await first).value.data[0]).toBe(0);
    expect((await between)[0]).toBe(10);
    expect((await second).value.data[0]).toBe(10);
    expect((await after)[0]).toBe(11);
  });

  it.each([undefined, 0.01])('updates by Adam as the plain engine does, decay %s', async (decay) => {
    const run = async (on: Engine) => {
      const [w, m, v] = [on.variable('w', [2, 3], noise(6, 3)), on.variable('m', [2, 3]), on.variable('v', [2, 3])];
      const step = on.function(
        'adam',
        (scope: Scope, { x, rate }: { readonly x: tf.Tensor; readonly rate: tf.Tensor }) => {
          const { grads } = tf.valueAndGrads((p: tf.Tensor) => tf.sum(tf.square(tf.mul(p, x))) as tf.Scalar)([
            scope.read(w),
          ]);
          scope.applyAdam({
            variable: w,
            m,
            v,
            gradient: grads[0] as tf.Tensor,
            rate,
            epsilon: tf.scalar(1e-8),
            beta1: 0.9,
            beta2: 0.999,
            decay: decay === undefined ? undefined : tf.scalar(decay),
          });
          return { before: scope.read(w) };
        },
      );
      const outputs: Values[] = [];
      for (const k of [1, 2, 3]) {
        const { before } = await step({ x: floats([2, 3], noise(6, 4, k)), rate: floats([], [0.1 / k]) });
        outputs.push(before);
      }
      for (const variable of [w, m, v]) outputs.push(floats([2, 3], await variable.read()));
      return outputs;
    };
    const [actual, expected] = [await run(engine), await run(plain)];
    expected.forEach((values, i) => {
      // TensorFlow computes 1 − β₂ in float32, with a relative error of 1.3e-5 at 0.999.
      expectClose(actual[i], values, 1e-5);
    });
  });

  it.each([0, 1, 2])('writes slices along axis %i', async (axis) => {
    const shape = [2, 3, 4];
    const run = async (on: Engine) => {
      const cache = on.variable('cache', shape, noise(24, 5));
      const write = on.function(
        'write',
        (scope, { value, at }: { readonly value: tf.Tensor; readonly at: tf.Tensor }) => ({
          all: scope.writeSlice(cache, value, axis, at),
        }),
      );
      const part = shape.map((size, i) => (i === axis ? 1 : size));
      const call = (start: number) =>
        write({ value: floats(part, noise(24 / (shape[axis] ?? 1), start)), at: ints([], [start]) });
      return [(await call(1)).all, (await call(0)).all, floats(shape, await cache.read())];
    };
    const [actual, expected] = [await run(engine), await run(plain)];
    expected.forEach((values, i) => {
      expectClose(actual[i], values);
    });
  });

  it.each(['float32', 'bfloat16'] as const)(
    'writes several slices of a variable that was read, call after call, %s',
    async (precision) => {
      const run = async (on: Engine) => {
        const cache = on.variable('cache', [2, 4, 3], noise(24, 8));
        const body =
          (reads: boolean) =>
          (scope: Scope, { value, at }: Record<'value' | 'at', tf.Tensor>) => {
            const before = reads ? scope.read(cache) : tf.zeros([1]);
            const once = scope.writeSlice(cache, value, 1, at);
            const all = scope.writeSlice(cache, tf.neg(value), 1, tf.add(at, tf.scalar(1, 'int32')));
            return { before: tf.add(before, 0), once, all, product: tf.matMul(all, all, false, true) };
          };
        const functions = [true, false].map((reads) => on.function('write', body(reads), { precision }));
        const outputs: Values[] = [];
        for (const [i, start] of [2, 0, 1, 1].entries()) {
          const write = functions[i % 2] as (typeof functions)[number];
          const { before, once, all } = await write({ value: floats([2, 1, 3], noise(6, i)), at: ints([], [start]) });
          outputs.push(before, once, all, floats([2, 4, 3], await cache.read()));
        }
        return outputs;
      };
      const [actual, expected] = [await run(engine), await run(plain)];
      expected.forEach((values, i) => {
        // The product's inputs may be rounded, but the variable's values may not.
        expectClose(actual[i], values, precision === 'bfloat16' && i % 4 < 3 ? 2 ** -8 : undefined);
      });
    },
  );

  it('refuses to write a slice beyond the end, and changes nothing', async () => {
    const cache = engine.variable('cache', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    const write = engine.function('write', (scope, { at }: { readonly at: tf.Tensor }) => ({
      all: scope.writeSlice(cache, tf.ones([2, 2]), 1, at),
    }));
    for (const start of [2, -1])
      await expect(write({ at: ints([], [start]) })).rejects.toMatchObject({ code: 'engine.tensorflow-failed' });
    expect([...(await cache.read())]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await write({ at: ints([], [1]) })).all.data]).toEqual([1, 1, 1, 4, 1, 1]);
  });

  it('traces again for a new shape only', async () => {
    const f = engine.function('shapes', (_, { x }: { readonly x: tf.Tensor }) => ({ sum: tf.sum(x) }));
    expect(f.traces).toBe(0);
    expect((await f({ x: floats([3], [1, 2, 3]) })).sum.data[0]).toBe(6);
    expect((await f({ x: floats([3], [4, 5, 6]) })).sum.data[0]).toBe(15);
    expect(f.traces).toBe(1);
    expect((await f({ x: floats([2, 2], [1, 2, 3, 4]) })).sum.data[0]).toBe(10);
    expect((await f({ x: ints([3], [1, 2, 3]) })).sum.dtype).toBe('int32');
    expect(f.traces).toBe(3);
  });

  it('returns booleans as int32, constants, inputs and empty tensors', async () => {
    const f = engine.function('odd', (_, { x }: { readonly x: tf.Tensor }) => ({
      flags: tf.greater(x, 1),
      constant: tf.tensor1d([7, 8], 'int32'),
      same: x,
      empty: tf.slice(x, [0], [0]),
    }));
    const { flags, constant, same, empty } = await f({ x: floats([3], [0, 1, 2]) });
    expect(flags).toEqual(ints([3], [0, 0, 1]));
    expect(constant).toEqual(ints([2], [7, 8]));
    expect(same).toEqual(floats([3], [0, 1, 2]));
    expect(empty).toEqual(floats([0], []));
  });

  it('takes tensors from outside as constants', async () => {
    tf.setBackend('cpu');
    const outside = tf.tensor1d([1, 2]);
    const f = engine.function('outside', (_, { x }: { readonly x: tf.Tensor }) => ({ y: tf.add(x, outside) }));
    expect([...(await f({ x: floats([2], [1, 1]) })).y.data]).toEqual([2, 3]);
    expect([...outside.dataSync()]).toEqual([1, 2]);
    expect(tf.getBackend()).toBe('cpu');
  });

  it('leaves the event loop free during a call', async () => {
    const n = 1200;
    const w = engine.variable('big', [n, n], noise(n * n, 6));
    const f = engine.function('busy', (scope) => {
      let x = scope.read(w);
      for (let k = 0; k < 8; k++) x = tf.tanh(tf.matMul(x as tf.Tensor2D, scope.read(w) as tf.Tensor2D));
      return { y: tf.sum(x) };
    });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await f({});
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });

  it('keeps resident memory flat over many calls', async () => {
    const n = 128;
    const w = engine.variable('flat', [n, n]);
    const f = engine.function('small', (scope, { x }: { readonly x: tf.Tensor }) => {
      scope.assign(w, tf.add(tf.mul(scope.read(w), 0.5), x));
      return { y: tf.matMul(scope.read(w) as tf.Tensor2D, x as tf.Tensor2D) };
    });
    const x = floats([n, n], noise(n * n, 7));
    const resident = async (calls: number) => {
      for (let k = 0; k < calls; k++) {
        await f({ x });
        w.write(x.data as Float32Array);
      }
      collectGarbage();
      return process.memoryUsage().rss / 2 ** 20;
    };
    const before = await resident(200);
    // A leak of one tensor (64 KiB) in each call would add up to 50 MiB.
    expect((await resident(800)) - before).toBeLessThan(32);
  });

  it('frees variables', async () => {
    const size = 1 << 24;
    const cycle = async () => {
      const variable = engine.variable('large', [size]);
      await variable.read();
      variable.dispose();
    };
    await cycle();
    const before = process.memoryUsage().rss;
    for (let k = 0; k < 5; k++) await cycle();
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(200); // a variable takes 64 MiB, and so does its copy
  });
});
