import { expect, it } from 'vitest';
import { countTexts, grownWords } from './words.js';

it('counts texts by whole words', () => {
  const texts = ['Love it, love it!', 'Lovely.', 'I LOVE this', 'glove'];
  expect(countTexts(texts, ['love', 'a.b'])).toEqual({ love: 2, 'a.b': 0 });
});

it('finds the words that grew', () => {
  const grown = grownWords(['the film is long', 'a the plot'], ['the amazing film', 'the amazing plot'], 1);
  expect(grown).toEqual([{ word: 'amazing', before: 0, after: 2 }]);
});
