import { describe, expect, it } from 'vitest';
import type { PreferencePair } from '../rows/types.js';
import { filterPreferences } from './filter.js';
import { mixPreferences } from './mix.js';

const rows = (source: string, count: number): PreferencePair[] =>
  Array.from({ length: count }, (_, i) => ({ prompt: `${source} ${i}`, chosen: 'x', rejected: 'y', source }));

describe('mixPreferences', () => {
  const parts = [
    { dataset: rows('a', 100), weight: 3 },
    { dataset: rows('b', 20), weight: 1 },
  ];

  it('is as large as the weights allow, repeats no row, and is shuffled', () => {
    const mixture = [...mixPreferences(parts, 1)];
    expect(mixture.filter(({ source }) => source === 'a')).toHaveLength(60);
    expect(mixture.filter(({ source }) => source === 'b')).toHaveLength(20);
    expect(new Set(mixture.map(({ prompt }) => prompt)).size).toBe(80);
    expect(mixture.slice(0, 40).some(({ source }) => source === 'b')).toBe(true);
  });

  it('depends on the seed alone', () => {
    const prompts = (seed: number) => [...mixPreferences(parts, seed)].map(({ prompt }) => prompt);
    expect(prompts(1)).toEqual(prompts(1));
    expect(prompts(2)).not.toEqual(prompts(1));
    expect(new Set([...prompts(1), ...prompts(2)]).size).toBeGreaterThan(80); // other rows too, not only their order
  });

  it('refuses no parts, weights of zero and empty parts', () => {
    expect(() => mixPreferences([])).toThrow('no parts');
    expect(() => mixPreferences([{ dataset: rows('a', 2), weight: 0 }])).toThrow('part 1');
    expect(() =>
      mixPreferences([
        { dataset: rows('a', 2), weight: 1 },
        { dataset: [], weight: 1 },
      ]),
    ).toThrow('part 2');
  });
});

describe('filterPreferences', () => {
  const pairs: PreferencePair[] = [
    { prompt: 'one', chosen: 'aaaa', rejected: 'b', chosenScore: 3, rejectedScore: 1 },
    { prompt: 'three', chosen: 'a', rejected: 'bbb', chosenScore: 1, rejectedScore: 1.5 },
    { prompt: 'two', chosen: 'aa', rejected: 'bb' },
  ];
  const promptsOf = (options: object) => [...filterPreferences(pairs, options)].map(({ prompt }) => prompt);

  it('keeps pairs within limits, ends included', () => {
    expect(promptsOf({})).toEqual(['one', 'three', 'two']);
    expect(promptsOf({ minMargin: 2 })).toEqual(['one']);
    expect(promptsOf({ maxMargin: 0 })).toEqual(['three']);
    expect(promptsOf({ maxPromptCharacters: 3 })).toEqual(['one', 'two']);
    expect(promptsOf({ maxAnswerCharacters: 3 })).toEqual(['three', 'two']);
    expect(promptsOf({ minAnswerCharacters: 2 })).toEqual(['two']);
    expect(() => promptsOf({ minMargin: Number.NaN })).toThrow('minMargin');
  });
});
