import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { attentionBias } from './attention-bias.js';

beforeAll(async () => {
  testEngine();
  await tf.setBackend('cpu');
});

const int = (rows: number[][]) => tf.tensor2d(rows, [rows.length, rows[0]?.length ?? 0], 'int32');

/** Whether position i sees position j, [B, T, T]. */
function visibility(groups: number[][], answers: number[][], positions?: number[][], window?: number): boolean[][][] {
  const layout = { groupNumbers: int(groups), answerNumbers: int(answers), positions: int(positions ?? groups) };
  const bias = attentionBias(layout, window);
  const { shape } = bias;
  expect(shape).toEqual([groups.length, 1, groups[0]?.length, groups[0]?.length]);
  const values = bias.dataSync();
  expect([...values].every((value) => Math.abs(value) === 0 || value < -1e8)).toBe(true);
  const [packedRows, , length] = shape;
  return Array.from({ length: packedRows }, (_, b) =>
    Array.from({ length }, (_, i) => Array.from({ length }, (_, j) => values[(b * length + i) * length + j] === 0)),
  );
}

it('lets each answer see its prompt and itself, and padding itself alone', () => {
  // prompt p, answers a and b, a second group's prompt q, padding
  const [matrix] = visibility([[1, 1, 1, 1, 2, 0]], [[0, 1, 1, 2, 0, 0]]);
  expect(matrix?.map((row) => row.map(Number).join(''))).toEqual([
    '100000', // p sees p
    '110000', // a sees p, a
    '111000',
    '100100', // b sees p and b, not a
    '000010', // q sees itself
    '000001',
  ]);
});

it('follows the rule for any groups and answers', () => {
  const packedRow = fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(packedRow, { minLength: 1, maxLength: 3 }), (packedRows) => {
      const groups = packedRows.map((positions) => positions.map(([g]) => g));
      const answers = packedRows.map((positions) => positions.map(([, a]) => a));
      const got = visibility(groups, answers);
      packedRows.forEach((positions, b) => {
        positions.forEach(([g, a], i) => {
          positions.forEach(([h, c], j) => {
            const want = i === j || (j < i && g !== 0 && g === h && (c === 0 || c === a));
            expect(got[b]?.[i]?.[j]).toBe(want);
          });
        });
      });
    }),
    { numRuns: 50 },
  );
});

it('counts a window in positions of the text, not of the packed row', () => {
  // A prompt of three tokens, answers a and b of two tokens each: in its text, b begins right after the prompt.
  const [matrix] = visibility([[1, 1, 1, 1, 1, 1, 1]], [[0, 0, 0, 1, 1, 2, 2]], [[0, 1, 2, 3, 4, 3, 4]], 3);
  expect(matrix?.map((row) => row.map(Number).join(''))).toEqual([
    '1000000',
    '1100000',
    '1110000',
    '0111000', // a at 3 sees 1, 2, 3
    '0011100', // a at 4 sees 2, 3, 4
    '0110010', // b at 3 sees 1, 2 of the prompt and itself
    '0010011',
  ]);
});
