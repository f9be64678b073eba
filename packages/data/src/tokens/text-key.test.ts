import { expect, it } from 'vitest';
import { KEY_BYTES, textKeys } from './text-key.js';

it('is equal for equal texts, and depends on the text, on the text before, and on the border between them', () => {
  const texts = [
    { text: 'ab' },
    { text: 'b', after: 'a' },
    { text: 'b', after: 'c' },
    { text: 'c', after: 'a' },
    { text: '', after: 'ab' },
    { text: 'ab', after: '' },
    { text: 'abab' },
    { text: 'ab', after: 'ab' },
  ];
  const keys = texts.map(textKeys());
  expect(new Set(keys).size).toBe(texts.length);
  // In another order, after other texts.
  expect(texts.toReversed().map(textKeys()).toReversed()).toEqual(keys);
});

it('has eight code units', () => {
  expect(textKeys()({ text: 'Ünïcode' })).toHaveLength(KEY_BYTES / 2);
});
