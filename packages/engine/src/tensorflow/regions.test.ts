import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { region } from '../region.js';
import { expectClose, floats, ints } from '../shared/_engines-for-tests.js';
import { testEngine } from '../test/index.js';
import type { Engine, Values } from '../types.js';
import { Context } from './_context.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();
const open = (regions: 'auto' | 'always' | 'never', warnings: string[] = []) =>
  openTensorFlow({ folder: library ?? '', regions, onWarning: (warning) => warnings.push(warning) });

/** A region of two outputs with the number of times that its body has run. */
function countedRegion() {
  let runs = 0;
  const both = region('scaled and shifted', (x: tf.Tensor, y: tf.Tensor, factor: number) => {
    runs++;
    return [tf.mul(tf.add(x, y), factor), tf.sum(tf.mul(x, x), 0)];
  });
  return { both, runs: () => runs };
}

const x = floats([2, 3], [1, -2, 3, -4, 5, -6]);
const y = floats([3], [10, 20, 30]);
type Inputs = Readonly<Record<'x' | 'y', tf.Tensor>>;

/** (x + y) · factor at the start, then the same of the result. */
const twice =
  (both: ReturnType<typeof countedRegion>['both'], factor: number) =>
  (_: unknown, { x, y }: Inputs) => {
    const [first, squares] = both(x, y, factor) as [tf.Tensor, tf.Tensor];
    const [second] = both(first, y, factor) as [tf.Tensor];
    return { first, second, squares };
  };

describe.skipIf(library === undefined)('a region', () => {
  let engine: Engine;
  beforeAll(() => {
    engine = open('always');
  });
  afterAll(() => engine.dispose());

  it('gives what its operations give', async () => {
    const { both } = countedRegion();
    const run = (on: Engine): Promise<Record<string, Values>> => on.function('twice', twice(both, 2))({ x, y });
    const [got, want] = [await run(engine), await run(testEngine())];
    // By hand: (1 + 10) · 2 = 22, (22 + 10) · 2 = 64; 1² + 4² = 17.
    expect([want.first?.data[0], want.second?.data[0], want.squares?.data[0]]).toEqual([22, 64, 17]);
    for (const [name, values] of Object.entries(want)) expectClose(got[name], values, 1e-6);
  });

  it('is traced once for each shape and each number, whichever functions call it', async () => {
    const { both, runs } = countedRegion();
    await engine.function('one', twice(both, 2))({ x, y });
    await engine.function('two', twice(both, 2))({ x, y });
    expect(runs()).toBe(1);
    await engine.function('three', twice(both, 3))({ x, y });
    expect(runs()).toBe(2);
    await engine.function('four', twice(both, 3))({ x: floats([1, 3], [1, 2, 3]), y });
    expect(runs()).toBe(3);
  });

  it('tells regions of one name apart', async () => {
    const [less, more] = [1, 2].map((n) => region('same', (t: tf.Tensor) => tf.add(t, n)));
    const f = engine.function('f', (_, { y }: { readonly y: tf.Tensor }) => ({
      less: less?.(y) as tf.Tensor,
      more: more?.(y) as tf.Tensor,
    }));
    const { less: a, more: b } = await f({ y });
    expect([a.data[0], b.data[0]]).toEqual([11, 12]);
  });

  it('takes whole numbers and truth values', async () => {
    const chosen = region('chosen', (which: tf.Tensor, t: tf.Tensor) =>
      tf.where(tf.greater(t, 1), tf.cast(which, 'float32'), tf.zerosLike(tf.cast(which, 'float32'))),
    );
    const truth = region('both', (a: tf.Tensor, b: tf.Tensor) => tf.logicalAnd(a, b));
    const f = engine.function('f', (_, { i }: { readonly i: tf.Tensor }) => ({
      chosen: chosen(i, i),
      truth: truth(tf.greater(i, 0), tf.less(i, 3)),
    }));
    const { chosen: a, truth: b } = await f({ i: ints([4], [0, 1, 2, 3]) });
    expect([...a.data]).toEqual([0, 0, 2, 3]);
    expect([...b.data]).toEqual([0, 1, 1, 0]);
  });

  it('serves the forward pass and the gradient of a function with a gradient by hand', async () => {
    const cube = region('cube', (t: tf.Tensor) => tf.mul(t, tf.square(t)));
    const slope = region('cube-gradient', (dy: tf.Tensor, t: tf.Tensor) => tf.mul(dy, tf.mul(tf.square(t), 3)));
    const op = tf.customGrad((t, save) => {
      (save as tf.GradSaveFunc)([t as tf.Tensor]);
      return { value: cube(t as tf.Tensor), gradFunc: (dy, [t]) => slope(dy, t as tf.Tensor) };
    });
    const f = engine.function('f', (_, { y }: { readonly y: tf.Tensor }) => ({
      gradient: tf.grad((t) => tf.sum(op(t)))(y),
    }));
    // 3 y²
    expect([...(await f({ y })).gradient.data]).toEqual([300, 1200, 2700]);
  });

  it('may use nothing but its arguments', async () => {
    const f = engine.function('f', (_, { x, y }: Inputs) => ({ z: region('leak', (t: tf.Tensor) => tf.add(t, y))(x) }));
    await expect(f({ x, y })).rejects.toMatchObject({ code: 'engine.foreign-tensor' });
  });

  it('leaves small tensors to the operations', async () => {
    const auto = open('auto');
    const { both, runs } = countedRegion();
    await auto.function('small', twice(both, 2))({ x, y });
    expect(runs()).toBe(2);
    const large = floats([2 ** 18, 1], new Float32Array(2 ** 18).fill(1));
    await auto.function('large', twice(both, 2))({ x: large, y: floats([1], [2]) });
    expect(runs()).toBe(3);
    await auto.dispose();
  });

  it('that XLA cannot compile runs as its operations, and the caller is told once', async () => {
    const original = Context.prototype.executeAsync;
    const attempts: string[] = [];
    const spy = vi.spyOn(Context.prototype, 'executeAsync').mockImplementation(async function (this: Context, call) {
      if (!call.name.startsWith('try_region')) return original.call(this, call);
      attempts.push(call.name);
      throw new DpoError('engine.tensorflow-failed', 'no such processor');
    });
    try {
      const warnings: string[] = [];
      const refusing = open('always', warnings);
      const { both, runs } = countedRegion();
      const got = await refusing.function('one', twice(both, 2))({ x, y });
      expect([got.first.data[0], got.second.data[0], got.squares.data[0]]).toEqual([22, 64, 17]);
      // Once for the region's function, and at each of the two calls after the refusal.
      expect(runs()).toBe(3);
      await refusing.function('two', twice(countedRegion().both, 2))({ x, y });
      await refusing.function('three', twice(both, 3))({ x, y });
      expect(attempts).toHaveLength(2);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain('the fused region scaled and shifted');
      expect(warnings[0]).toContain('no such processor');
      await refusing.dispose();
    } finally {
      spy.mockRestore();
    }
  });

  it('that runs out of memory when it is tried is no region that XLA cannot compile', async () => {
    const original = Context.prototype.executeAsync;
    let isFull = true;
    const spy = vi.spyOn(Context.prototype, 'executeAsync').mockImplementation(async function (this: Context, call) {
      if (isFull && call.name.startsWith('try_region')) throw new DpoError('engine.out-of-memory', 'full');
      return original.call(this, call);
    });
    try {
      const warnings: string[] = [];
      const small = open('always', warnings);
      const { both, runs } = countedRegion();
      const f = small.function('one', twice(both, 2));
      await expect(f({ x, y })).rejects.toMatchObject({ code: 'engine.out-of-memory' });
      isFull = false;
      expect((await f({ x, y })).first.data[0]).toBe(22);
      expect(runs()).toBe(1);
      expect(warnings).toEqual([]);
      await small.dispose();
    } finally {
      spy.mockRestore();
    }
  });
});
