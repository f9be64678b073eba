import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutAlike, distinct } from './distinct.js';
import { selfBleu } from './self-bleu.js';
import { sharedTokens, textStatistics } from './text-statistics.js';

const file = new URL('../../../../tooling/parity/fixtures/diversity/self-bleu.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly { texts: number[][]; selfBleu: number }[];
const texts = fc.array(fc.array(fc.nat(5), { maxLength: 12 }), { minLength: 1, maxLength: 8 });

describe('distinct n-grams', () => {
  it('by hand, within texts alone', () => {
    // Bigrams ab, ba, ab | bb: 3 different of 4.
    const letters = [[...'abab'], [...'bb']];
    expect(distinct(letters, 2, 6)).toBe(3 / 4);
    expect(distinct(letters, 1, 6)).toBe(2 / 6);
    expect(distinct(letters, 5, 6)).toBeUndefined();
    expect(distinct([], 1, 6)).toBeUndefined();
  });

  it('are counted in as many tokens as the argument says, in every text alike', () => {
    const letters = [[...'aaaaaa'], [...'bb'], [...'cccc']];
    expect(cutAlike(letters, 8).map((text) => text.join(''))).toEqual(['aaa', 'bb', 'ccc']);
    expect(cutAlike(letters, 9).map((text) => text.join(''))).toEqual(['aaaa', 'bb', 'ccc']);
    fc.assert(
      fc.property(texts, fc.nat(60), (all, tokens) => {
        const total = all.reduce((sum, { length }) => sum + length, 0);
        const shortened = cutAlike(all, tokens);
        expect(shortened.reduce((sum, { length }) => sum + length, 0)).toBe(Math.min(tokens, total));
        // The lengths of texts that were cut differ by one token at most.
        const ends = shortened.flatMap(({ length }, i) => (length < (all[i]?.length ?? 0) ? [length] : []));
        expect(Math.max(0, ...ends) - Math.min(...ends, Math.max(0, ...ends))).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('self-BLEU', () => {
  it('is NLTK’s', () => {
    for (const each of cases) expect(selfBleu(each.texts)).toBeCloseTo(each.selfBleu, 12);
  });

  it('is 1 for texts that are all the same, 0 for texts with nothing in common, and needs two', () => {
    expect(selfBleu([[...'abcde'], [...'abcde']])).toBeCloseTo(1, 12);
    expect(selfBleu([[...'ab'], [...'cd']])).toBe(0);
    expect(selfBleu([[], []])).toBe(0);
    expect(selfBleu([[...'ab']])).toBeUndefined();
  });

  it('does not depend on the order of the texts', () => {
    fc.assert(
      fc.property(texts, (all) => {
        expect(selfBleu([...all].reverse()) ?? -1).toBeCloseTo(selfBleu(all) ?? -1, 9);
      }),
    );
  });
});

it('the statistics of texts, by hand', () => {
  const samples = [
    { index: 0, tokens: [...'abcdabcdab'], ended: true }, // 7 4-grams, abcd bcda cdab dabc again: 4 different
    { index: 0, tokens: [...'abc'], ended: false },
    { index: 1, tokens: [...'wxyz'], ended: true },
  ];
  const statistics = textStatistics(samples, sharedTokens(samples, samples.slice(1)));
  expect(statistics.distinctTokens).toBe(7);
  expect(statistics.length).toMatchObject({ mean: 17 / 3, count: 3, clusters: 2 });
  expect(statistics.ended.mean).toBeCloseTo(2 / 3, 12);
  expect(statistics.repeatedFourGrams).toBeCloseTo(3 / 7 / 2, 12);
  // Cut at two tokens each, and one more: abc, ab, wx. Six of seven tokens are a, b, c, a, b, w, x: 5 differ.
  expect(statistics.distinct[0]).toBeCloseTo(5 / 7, 12);
  expect(statistics.distinct[3]).toBeNull();
  expect(textStatistics([{ index: 0, tokens: [1], ended: false }], 1)).toMatchObject({
    selfBleu: null,
    repeatedFourGrams: null,
    distinct: [1, null, null, null],
  });
  expect(() => textStatistics([], 1)).toThrow(expect.objectContaining({ code: 'eval.no-values' }));
});
