import { random } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { attention } from './attention.js';
import { attentionBias } from './attention-bias.js';
import { packedAttention, perWindow } from './packed-attention.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

it('taken in blocks of queries, values and gradients are those of all queries with all keys', () => {
  const size = 4;
  const cases = fc.record({
    length: fc.integer({ min: 1, max: 600 }),
    rows: fc.integer({ min: 1, max: 2 }),
    heads: fc.constantFrom([1, 1], [4, 2]),
    window: fc.constantFrom(undefined, 1, 150),
    cap: fc.constantFrom(undefined, 2),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ length, rows, heads: [queries = 1, shared = 1], window, cap, seed }) => {
      const next = random(seed);
      const normal = (...shape: number[]) => tf.tensor(tf.randomNormal(shape, 0, 1, 'float32', seed).dataSync(), shape);
      // Pieces of text of random lengths: prompts, answers, padding.
      const pieces = (most: number) => {
        let value = 0;
        let left = 0;
        return tf.tensor2d(
          Int32Array.from({ length: rows * length }, () => {
            if (left-- > 0) return value;
            left = Math.floor(next() * 200);
            value = Math.floor(next() * (most + 1));
            return value;
          }),
          [rows, length],
          'int32',
        );
      };
      const positions = tf.tensor2d(
        Int32Array.from({ length: rows * length }, (_, i) => i % length),
        [rows, length],
        'int32',
      );
      const layout = { groups: pieces(3), answers: pieces(2), positions };
      const inputs = [queries, shared, shared].map((count) => normal(rows, count, length, size));
      const dy = normal(rows, queries, length, size);
      const results = (attend: (q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D) => tf.Tensor) => {
        const { value, grads } = tf.valueAndGrads((...given) =>
          tf.sum(tf.mul(attend(...(given as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D])), dy)),
        )(inputs);
        return [value, ...grads].map((tensor) => tensor.dataSync());
      };
      const whole = attentionBias(layout, window);
      const want = tf.tidy(() => results((q, k, v) => attention(q, k, v, whole, { cap })));
      const got = tf.tidy(() => results((q, k, v) => packedAttention(layout)(0, q, k, v, { window, cap })));
      for (const [i, tensor] of want.entries())
        for (const [j, value] of tensor.entries())
          expect(Math.abs((got[i]?.[j] ?? Number.NaN) - value)).toBeLessThan(1e-4 * (1 + Math.abs(value)));
    }),
    { numRuns: 12 },
  );
});

it('layers with the same reach share what is made for them; a window as long as the row is none', () => {
  const made: (number | undefined)[] = [];
  const reachOf = perWindow(8, (window) => {
    made.push(window);
    return { window };
  });
  expect([4, undefined, 7, 8, 4096, 4].map((window) => reachOf(window).window)).toEqual([
    4,
    undefined,
    7,
    undefined,
    undefined,
    4,
  ]);
  expect(made).toEqual([4, undefined, 7]);
  expect(reachOf(8)).toBe(reachOf(undefined));
});
