import { expect, it } from 'vitest';
import { watchAnswers } from './answer-warnings.js';

const EOS = 0;
const pair = (chosen: number[], rejected: number[], cut: [number, number] = [0, 0]) => ({
  prompt: Int32Array.of(5),
  chosen: Int32Array.from(chosen),
  rejected: Int32Array.from(rejected),
  cut: { chosen: cut[0], rejected: cut[1] },
});
type Side = 'chosen' | 'rejected';
const both = ['chosen', 'rejected'] as const;
const codes = (pairs: readonly ReturnType<typeof pair>[], sides: readonly Side[] = both) =>
  codesOf(pairs, [EOS], sides);
const codesOf = (
  pairs: readonly ReturnType<typeof pair>[],
  ends: readonly number[] | undefined,
  sides: readonly Side[] = both,
) =>
  watchAnswers(
    pairs.flatMap((each) => sides.map((side) => ({ tokens: each[side], cut: each.cut[side] }))),
    ends,
  ).map(({ code, step, message }) => [code, step, message.split(' answers')[0]]);

it('has nothing to say of answers that end', () => {
  expect(codes([pair([1, EOS], [2, EOS]), pair([1, EOS], [3], [0, 4])], both)).toEqual([]);
});

it('says that most answers were cut, of the sides that are trained on', () => {
  const pairs = [pair([1], [2, EOS], [3, 0]), pair([1], [2, EOS], [1, 0]), pair([1, EOS], [2], [0, 1])];
  // Three of six answers, which is no more than half; but two of three chosen ones.
  expect(codes(pairs, both)).toEqual([]);
  expect(codes(pairs, ['chosen'])).toEqual([['answers-truncated', 0, '2 of 3']]);
});

it('says that answers never end, unless no end is to be judged', () => {
  const pairs = [pair([1, 7], [2, 7]), pair([1, 7], [2, EOS]), pair([4], [4], [9, 9])];
  // Answers that were cut cannot end, and do not count.
  expect(codes(pairs, both)).toEqual([['answers-never-end', 0, '3 of 4 whole']]);
  expect(codesOf(pairs, undefined)).toEqual([]);
  // Either token is an end.
  expect(codesOf(pairs, [EOS, 7])).toEqual([]);
});

it('says that no answer can end when nothing names an end token', () => {
  expect(codesOf([pair([1], [2])], [])).toEqual([['answers-never-end', 0, '2 of 2 whole']]);
});
