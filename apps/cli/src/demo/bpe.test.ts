import { expect, it } from 'vitest';
import { trainByteLevelBpe } from './bpe.js';

const model = (text: string, size: number) =>
  (JSON.parse(trainByteLevelBpe(text, size)['tokenizer.json'] as string) as { model: Model }).model;
interface Model {
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
}

it('merges the most frequent pairs first, within words', () => {
  // ab occurs four times, then abc four times, then abc with a space before it three times.
  const { merges, vocab } = model('abc abc abc abc', 260);
  expect(merges).toEqual([
    ['a', 'b'],
    ['ab', 'c'],
    ['Ġ', 'abc'],
  ]);
  expect(vocab['<|endoftext|>']).toBe(259);
  expect(Object.keys(vocab)).toHaveLength(260);
});

it('stops when no pair occurs twice', () => {
  const { merges, vocab } = model('ab ab', 400);
  expect(merges).toEqual([['a', 'b']]);
  expect(Object.keys(vocab)).toHaveLength(258);
});
