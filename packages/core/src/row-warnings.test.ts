import { describe, expect, it } from 'vitest';
import { type WatchedRow, watchRows } from './row-warnings.js';

const ids = (...tokens: number[]) => Int32Array.from(tokens);
const row = (index: number, prompt: number, answers: number[], cut = 0): WatchedRow => ({
  row: index,
  prompt: ids(prompt, 7),
  answers: answers.map((answer) => ({ tokens: ids(answer, answer), cut })),
});
const judged = (index: number, answer: number, desirable: boolean): WatchedRow => ({
  ...row(index, index, [answer]),
  desirable,
});
const many = (count: number, make: (index: number) => WatchedRow) => Array.from({ length: count }, (_, i) => make(i));
const codes = (rows: readonly WatchedRow[], heldOut?: readonly WatchedRow[]) =>
  watchRows(rows, heldOut).map(({ code }) => code);

describe('watchRows', () => {
  it('says nothing of pairs as they should be', () => {
    expect(codes(many(30, (i) => row(i, i, [2 * i, 2 * i + 1])))).toEqual([]);
    // One repeated row in a hundred is usual.
    expect(codes(many(100, (i) => row(i, Math.min(i, 98), [1, 2])))).toEqual([]);
  });

  it('counts pairs whose answers are the same, and refuses data without other pairs', () => {
    const rows = many(10, (i) => row(i, i, i === 3 ? [5, 5] : [5, 6]));
    expect(watchRows(rows)).toEqual([
      expect.objectContaining({
        code: 'pairs-identical',
        step: 0,
        message: expect.stringMatching(/^1 of 10 rows.*row 3/),
      }),
    ]);
    expect(() => watchRows(many(4, (i) => row(i, i, [5, 5])))).toThrow(
      expect.objectContaining({ code: 'train.nothing-to-learn' }),
    );
    // A single answer is compared with nothing.
    expect(codes(many(4, (i) => row(i, i, [5])))).toEqual([]);
    // Rankings are the same only as a whole.
    expect(codes(many(4, (i) => row(i, i, [5, 5, 6])))).toEqual([]);
  });

  it('says when cuts made answers the same', () => {
    expect(() => watchRows(many(4, (i) => row(i, i, [5, 5], 3)))).toThrow(/after they were cut/);
    expect(() => watchRows(many(4, (i) => row(i, i, [5, 5], 3)))).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('longest length') }),
    );
  });

  it('counts rows that come again, and those that say the opposite', () => {
    expect(watchRows(many(20, (i) => row(i, i % 19, [1, 2])))[0]).toMatchObject({
      code: 'rows-repeated',
      message: expect.stringMatching(/^1 of 20 rows/),
    });
    expect(watchRows(many(20, (i) => row(i, i % 19, i === 19 ? [2, 1] : [1, 2])))[0]).toMatchObject({
      code: 'rows-contradictory',
      message: expect.stringMatching(/^1 of 20 rows/),
    });
  });

  it('does not take rows that cuts made the same for repeated ones', () => {
    expect(codes(many(20, (i) => row(i, 1, [1, 2], 4)))).toEqual([]);
  });

  it('watches labels', () => {
    expect(codes(many(6, (i) => judged(i, i, true)))).toEqual(['one-label']);
    expect(codes(many(6, (i) => judged(i, i, i > 0)))).toEqual([]);
    const both = [judged(0, 1, true), { ...judged(0, 1, false), row: 1 }];
    expect(codes(both)).toEqual(['rows-contradictory']);
  });

  it('finds held-out prompts among the training prompts', () => {
    const rows = many(10, (i) => row(i, i, [1, 2]));
    expect(codes(rows, [row(0, 50, [1, 2])])).toEqual([]);
    expect(watchRows(rows, [row(0, 50, [1, 2]), row(1, 3, [8, 9])])).toEqual([
      expect.objectContaining({ code: 'prompts-shared', message: expect.stringMatching(/^1 of 2 .*row 1/) }),
    ]);
  });
});
