import { DpoError, type Message } from '@dpo/base';
import { describe, expect, it } from 'vitest';
import { splitByPrompt } from '../select/split.js';
import { tinyPairs } from '../test/index.js';
import { preferenceDataset, rankedDataset } from './dataset.js';
import type { PreferencePair } from './types.js';

const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (DpoError.is(error)) return error.code;
  }
  return 'none';
}

describe('preferenceDataset', () => {
  it('gives rows by number and drops unknown keys', () => {
    const extra = { prompt: 'a', chosen: 'b', rejected: 'c', chosenScore: 1, colour: 'red' };
    const dataset = preferenceDataset([extra]);
    expect(dataset.length).toBe(1);
    expect(dataset.at(0)).toEqual({ prompt: 'a', chosen: 'b', rejected: 'c', chosenScore: 1 });
    expect([...dataset]).toEqual([dataset.at(0)]);
    expect(codeOf(() => dataset.at(1))).toBe('data.no-such-row');
  });

  it('fingerprints content alone', () => {
    const one = preferenceDataset(tinyPairs());
    expect(one.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(one.fingerprint).toBe(tinyPairs().fingerprint);
    const rows = [...one];
    expect(preferenceDataset(rows.slice(1)).fingerprint).not.toBe(one.fingerprint);
    const swapped = rows.map((row) => ({ ...row, chosen: row.rejected, rejected: row.chosen }));
    expect(preferenceDataset(swapped).fingerprint).not.toBe(one.fingerprint);
  });

  it('splits whole conversations between messages', () => {
    const whole = {
      chosen: [user('hi'), assistant('hello'), user('how?'), assistant('so')],
      rejected: [user('hi'), assistant('hello'), user('how?'), assistant('so so')],
    };
    const row = preferenceDataset([whole as unknown as PreferencePair]).at(0);
    expect(row.prompt).toEqual(whole.chosen.slice(0, 3));
    expect(row.chosen).toEqual([assistant('so')]);
    expect(row.rejected).toEqual([assistant('so so')]);
  });

  it('keeps a message to each answer when the conversations are equal or one begins the other', () => {
    const short = [user('a'), assistant('b')];
    const long = [...short, user('c'), assistant('d')];
    const of = (chosen: Message[], rejected: Message[]) =>
      preferenceDataset([{ chosen, rejected } as unknown as PreferencePair]).at(0);
    expect(of(short, short)).toEqual({ prompt: [user('a')], chosen: [assistant('b')], rejected: [assistant('b')] });
    expect(of(short, long).rejected).toEqual(long.slice(1));
  });

  it('takes a prompt that the conversations repeat, as text or as messages', () => {
    const chosen = [user('a'), assistant('b')];
    const rejected = [user('a'), assistant('c')];
    const expected = { prompt: [user('a')], chosen: [assistant('b')], rejected: [assistant('c')] };
    expect(preferenceDataset([{ prompt: 'a', chosen, rejected }]).at(0)).toEqual(expected);
    expect(preferenceDataset([{ prompt: [user('a')], chosen, rejected }]).at(0)).toEqual(expected);
    expect(preferenceDataset([expected]).at(0)).toEqual(expected);
  });

  it.each([
    ['data.empty-dataset', []],
    ['data.missing-column', [{ prompt: 'a', chosen: 'b' }]],
    ['data.missing-column', [{ chosen: 'b', rejected: 'c' }]],
    ['data.wrong-type', [{ prompt: 'a', chosen: 'b', rejected: 3 }]],
    ['data.wrong-type', [{ prompt: 'a', chosen: 'b', rejected: 'c', chosenScore: 'high' }]],
    ['data.wrong-type', [{ prompt: 'a', chosen: 'b', rejected: 'c', chosenScore: Number.NaN }]],
    ['data.wrong-type', [{ prompt: [{ role: 'user' }], chosen: [user('a')], rejected: [user('b')] }]],
    ['data.empty-answer', [{ prompt: 'a', chosen: 'b', rejected: '' }]],
    ['data.empty-answer', [{ prompt: [user('a')], chosen: [], rejected: [user('b')] }]],
    ['data.empty-prompt', [{ prompt: [], chosen: [user('a')], rejected: [user('b')] }]],
    ['data.mixed-row', [{ prompt: 'a', chosen: 'b', rejected: [assistant('c')] }]],
    [
      'data.mixed-rows',
      [
        { prompt: 'a', chosen: 'b', rejected: 'c' },
        { prompt: [user('a')], chosen: [assistant('b')], rejected: [assistant('c')] },
      ],
    ],
    ['data.no-shared-beginning', [{ chosen: [user('a')], rejected: [user('b')] }]],
    ['data.invalid-text', [{ prompt: '\ud800', chosen: 'b', rejected: 'c' }]],
    ['data.broken-row', ['a pair']],
  ])('refuses with %s', (code, pairs) => {
    expect(codeOf(() => preferenceDataset(pairs as unknown as PreferencePair[]))).toBe(code);
  });
});

describe('rankedDataset', () => {
  it('keeps lists with a score to each response', () => {
    const list = { prompt: 'a', responses: ['b', 'c', 'd'], scores: [1, 0.5, -2] };
    expect(rankedDataset([list]).at(0)).toEqual(list);
    expect(codeOf(() => rankedDataset([{ ...list, scores: [1] }]))).toBe('data.broken-row');
    expect(codeOf(() => rankedDataset([{ ...list, responses: ['b', 'c', ''] }]))).toBe('data.empty-answer');
  });
});

describe('splitByPrompt', () => {
  it('never has a prompt in both parts and does not depend on the order of rows', () => {
    const { train, heldOut } = splitByPrompt(tinyPairs(), { fraction: 0.25, seed: 1 });
    expect([train.length, heldOut.length]).toEqual([48, 16]);
    const prompts = (rows: Iterable<PreferencePair>) => new Set(Array.from(rows, ({ prompt }) => prompt));
    expect([...prompts(train)].filter((prompt) => prompts(heldOut).has(prompt))).toEqual([]);
    const turned = splitByPrompt([...tinyPairs()].reverse(), { fraction: 0.25, seed: 1 });
    expect(prompts(turned.heldOut)).toEqual(prompts(heldOut));
    const other = splitByPrompt(tinyPairs(), { fraction: 0.25, seed: 2 });
    expect(prompts(other.heldOut)).not.toEqual(prompts(heldOut));
  });

  it('refuses what cannot be split', () => {
    expect(codeOf(() => splitByPrompt(tinyPairs(), { fraction: 1 }))).toBe('options.invalid');
    expect(codeOf(() => splitByPrompt([tinyPairs().at(0)], { fraction: 0.5 }))).toBe('data.one-prompt');
  });
});
