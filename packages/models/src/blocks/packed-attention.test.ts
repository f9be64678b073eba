import { random } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { expectSame, type Op } from './_expect-same-for-tests.js';
import { attention } from './attention.js';
import { attentionBias } from './attention-bias.js';
import { type Attend, packedAttention, perWindow } from './packed-attention.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

it('in blocks of queries has the values and gradients of all queries with all keys', () => {
  const size = 4;
  const cases = fc.record({
    length: fc.integer({ min: 1, max: 600 }),
    packedRows: fc.integer({ min: 1, max: 2 }),
    heads: fc.constantFrom([1, 1], [4, 2]),
    window: fc.constantFrom(undefined, 1, 150),
    cap: fc.constantFrom(undefined, 2),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ length, packedRows, heads: [queries = 1, shared = 1], window, cap, seed }) => {
      const next = random(seed);
      // Pieces of text of random lengths: prompts, answers, padding.
      const pieces = (most: number) => {
        let value = 0;
        let remaining = 0;
        return tf.tensor2d(
          Int32Array.from({ length: packedRows * length }, () => {
            if (remaining-- > 0) return value;
            remaining = Math.floor(next() * 200);
            value = Math.floor(next() * (most + 1));
            return value;
          }),
          [packedRows, length],
          'int32',
        );
      };
      const positions = tf.tensor2d(
        Int32Array.from({ length: packedRows * length }, (_, i) => i % length),
        [packedRows, length],
        'int32',
      );
      const layout = { groupNumbers: pieces(3), answerNumbers: pieces(2), positions };
      const whole = attentionBias(layout, window);
      const of =
        (attend: Attend): Op =>
        (...inputs) =>
          attend(0, ...(inputs as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D]), { window, cap });
      expectSame(
        of(packedAttention(layout)),
        of((_, q, k, v, settings) => attention(q, k, v, whole, settings)),
        ...[queries, shared, shared].map((count) => [packedRows, count, length, size]),
      );
    }),
    { numRuns: 6 },
  );
}, 120_000);

it('layers with the same window share one result, and a window as long as the packed row counts as none', () => {
  const windows: (number | undefined)[] = [];
  const reachOf = perWindow(8, (window) => {
    windows.push(window);
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
  expect(windows).toEqual([4, undefined, 7]);
  expect(reachOf(8)).toBe(reachOf(undefined));
});
