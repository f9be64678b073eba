import { toBfloat16, widen } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose, floats, ints } from '../shared/_engines-for-tests.js';
import { testEngine } from '../test/index.js';
import type { Engine, Precision, Values } from '../types.js';
import { noise } from './_layer-loss-for-tests.js';
import { libraryForTests } from './_library-for-tests.js';
import { openTensorFlow } from './tensorflow-engine.js';

const library = await libraryForTests();
const inBfloat16 = { storage: 'bfloat16' } as const;

/** The numbers rounded to bfloat16. */
function rounded(values: Float32Array): Float32Array {
  const numbers = new Float32Array(values.length);
  widen(new Uint8Array(toBfloat16(values).buffer), 'bfloat16', numbers, 0);
  return numbers;
}

describe.skipIf(library === undefined)('a variable in bfloat16', () => {
  const plain = testEngine();
  let engine: Engine;
  beforeAll(() => {
    engine = openTensorFlow({ folder: library ?? '' });
  });
  afterAll(() => engine.dispose());

  it('rounds what is written, to nearest with ties to even, and reads as float32', async () => {
    // 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷, whose last bits are 0 and 1; 1 + 3 · 2⁻⁸ between 1 + 2⁻⁷ and 1 + 2⁻⁶.
    const values = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, -1 - 2 ** -9, 0.5, 3.4e38);
    const expected = [1, 1 + 2 ** -6, -1, 0.5, Number.POSITIVE_INFINITY];
    const w = engine.variable('w', [5], values, inBfloat16);
    expect(w.storage).toBe('bfloat16');
    expect([...(await w.read())]).toEqual(expected);
    w.write(Float32Array.of(0, 0, 0, 0, 0));
    w.write(values);
    const room = new Float32Array(8).fill(9);
    expect([...(await w.read(room))]).toEqual(expected);
    expect([...room]).toEqual([...expected, 9, 9, 9]);
    expect(() => w.write(new Float32Array(4))).toThrow(/5 elements, but 4/);
    expect([...(await engine.variable('zeros', [300, 1000], undefined, inBfloat16).read())].every((x) => x === 0)).toBe(
      true,
    );
  });

  it('assigns rounded values, and other variables its own', async () => {
    const [w, wide] = [engine.variable('w', [2], undefined, inBfloat16), engine.variable('wide', [2])];
    const set = engine.function('set', (scope, { x }: { readonly x: tf.Tensor }) => {
      scope.assign(wide, scope.read(w));
      scope.assign(w, x);
      return { before: scope.read(w) };
    });
    await set({ x: floats([2], [1 + 2 ** -9, 2]) });
    const { before } = await set({ x: floats([2], [5, 6]) });
    expect(before).toEqual(floats([2], [1, 2]));
    expect([...(await wide.read())]).toEqual([1, 2]);
    expect([...(await w.read())]).toEqual([5, 6]);
  });

  it.each(['float32', 'bfloat16'] as const)(
    'computes and differentiates in %s as with rounded numbers',
    async (precision) => {
      const [table, weight] = [noise(24, 1), noise(12, 2)];
      const run = async (on: Engine, options: { readonly precision?: Precision }, storage?: 'bfloat16') => {
        const e = on.variable('e', [6, 4], storage === undefined ? rounded(table) : table, { storage });
        const w = on.variable('w', [3, 4], storage === undefined ? rounded(weight) : weight, { storage });
        const f = on.function(
          'f',
          (scope, { ids, x }: Record<'ids' | 'x', tf.Tensor>) => {
            const loss = (from: tf.Tensor) => {
              const h = tf.add(tf.gather(scope.read(e), ids as tf.Tensor1D), from); // [5, 4]
              const y = tf.matMul<tf.Tensor2D>(h as tf.Tensor2D, scope.read(w) as tf.Tensor2D, false, true); // [5, 3]
              const back = tf.matMul(y, tf.mul(scope.read(w), 2) as tf.Tensor2D); // [5, 4]
              return tf.sum(tf.square(tf.tanh(back))) as tf.Scalar;
            };
            const { value, grad } = { value: loss(x), grad: tf.grad(loss)(x) };
            return {
              value,
              grad,
              w: scope.read(w),
              transposed: tf.transpose(scope.read(w)),
              part: tf.slice(scope.read(w), [1, 0], [1, 4]),
            };
          },
          options,
        );
        return f({ ids: ints([5], [0, 5, 2, 2, 1]), x: floats([5, 4], noise(20, 3)) });
      };
      const actual: Record<string, Values> = await run(engine, { precision }, 'bfloat16');
      // In bfloat16 the same products of the same rounded numbers, so that both are equal.
      const expected: Record<string, Values> = await run(precision === 'float32' ? plain : engine, { precision });
      for (const [name, values] of Object.entries(expected)) expectClose(actual[name], values, 1e-5);
    },
  );

  it('takes slices in place along any axis', async () => {
    for (const axis of [0, 1, 2]) {
      const run = async (on: Engine) => {
        const cache = on.variable('cache', [2, 3, 4], rounded(noise(24, 9)), inBfloat16);
        const write = on.function('write', (scope, { value, at }: Record<'value' | 'at', tf.Tensor>) => {
          const all = scope.writeSlice(cache, value, axis, at);
          return { all, product: tf.matMul(all, all, false, true) };
        });
        const part = [2, 3, 4].with(axis, 1);
        const value = floats(part, rounded(noise(24 / ([2, 3, 4][axis] ?? 1), 4)));
        const { all, product } = await write({ value, at: ints([], [1]) });
        return [all, product, floats([2, 3, 4], await cache.read())];
      };
      const [actual, expected] = [await run(engine), await run(plain)];
      for (const [i, values] of expected.entries()) expectClose(actual[i], values, 1e-5);
    }
  });

  it('is not trained', async () => {
    const [w, m, v] = [
      engine.variable('w', [1], undefined, inBfloat16),
      engine.variable('m', [1]),
      engine.variable('v', [1]),
    ];
    const one = () => tf.scalar(1);
    const step = engine.function('step', (scope) => {
      const update = { variable: w, m, v, gradient: tf.ones([1]), rate: one(), epsilon: one() };
      scope.applyAdam({ ...update, beta1: 0.9, beta2: 0.99 });
      return {};
    });
    await expect(step({})).rejects.toMatchObject({
      code: 'engine.wrong-storage',
      message: expect.stringContaining('w'),
    });
  });
});

it('stays float32 on the portable engine', async () => {
  const w = testEngine().variable('w', [1], Float32Array.of(1 + 2 ** -20), inBfloat16);
  expect(w.storage).toBe('float32');
  expect([...(await w.read())]).toEqual([1 + 2 ** -20]);
});
