import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PreferencePair } from '../rows/types.js';
import { byteTokenizer } from '../test/index.js';
import { percentiles, shareOf } from './inspect.js';
import { Histogram } from './tally.js';
import { validateDataset } from './validate.js';

const rowsOf = (pairs: readonly PreferencePair[], options = {}) =>
  Object.fromEntries(validateDataset(pairs, options).findings.map(({ code, rows }) => [code, rows]));
const pair = (prompt: string, chosen: string, rejected: string, more = {}): PreferencePair => ({
  prompt,
  chosen,
  rejected,
  ...more,
});

describe('validateDataset', () => {
  it('finds prompts at the head of answers, which reading does not cut off', () => {
    const long = 'What is two and two?';
    const pairs = [
      pair('Two?', 'Two? Yes.', 'Two? No.'),
      pair(long, `${long} Four.`, 'Five.'),
      pair('Hi', 'Hi!', 'Ho'),
    ];
    expect(rowsOf(pairs)).toEqual({ 'prompt-in-answers': [0, 1] });
  });

  it('counts faults that reading put right among the warnings', () => {
    const mended = [{ code: 'role-names', message: 'Roles.', count: 3, rows: [1, 2, 4] }] as const;
    expect(validateDataset([pair('a', 'b', 'c')], { mended })).toMatchObject({
      warnings: 1,
      findings: [{ code: 'role-names', level: 'warning', count: 3, rows: [1, 2, 4] }],
    });
  });

  it('tells pairs apart by the inputs of the chat template, and counts these', () => {
    const say = (role: string, content: string) => ({ role, content });
    const chat = (more: object): PreferencePair => ({
      prompt: [say('user', 'a')],
      chosen: [say('assistant', 'b')],
      rejected: [say('assistant', 'c')],
      ...more,
    });
    const pairs = [chat({}), chat({ tools: [{ name: 'f' }] }), chat({ templateVariables: { x: 1 } }), chat({})];
    expect(rowsOf(pairs)).toEqual({ duplicate: [3] });
    expect(validateDataset(pairs).besides).toEqual({ tools: 1, templateVariables: { x: 1 }, messages: {} });
  });

  it('finds each fault at its row', () => {
    const pairs = [
      pair('a', 'x1', 'y1'),
      pair('a', 'y1', 'x1'),
      pair('a', 'x1', 'y1'),
      pair('b', 'same', 'same'),
      pair('c', ' \n', 'yes!'),
      pair('d', 'caf\ufffd', 'tea'),
      pair('e', 'good', 'fine', { chosenScore: 1, rejectedScore: 3 }),
    ];
    expect(rowsOf(pairs, { test: [pair('e', 'p', 'q'), pair('z', 'p', 'q')] })).toEqual({
      'identical-answers': [3],
      'empty-answer': [4],
      'shared-prompts': [6],
      contradiction: [1, 2],
      duplicate: [2],
      'replacement-character': [5],
      'negative-margin': [6],
    });
    const validation = validateDataset(pairs, { test: [pair('e', 'p', 'q'), pair('z', 'p', 'q')] });
    expect(validation).toMatchObject({ rows: 7, prompts: 5, errors: 3, warnings: 4, unit: 'characters' });
    expect(validation.sharedPrompts).toEqual({ prompts: 1, of: 2 });
    expect(validation.scoreMargins).toMatchObject({ rows: 1, p50: -2 });
    expect(validation.chosenLonger).toEqual(shareOf(1, 2)); // "caf\ufffd" is the longer one, the blank answer the shorter
    expect(JSON.parse(JSON.stringify(validation))).toEqual(validation);
  });

  it('finds no fault in good pairs', () => {
    expect(validateDataset([pair('a', 'x', 'y'), pair('b', 'x', 'y')])).toMatchObject({ errors: 0, warnings: 0 });
  });

  it('counts tokens, and rows that limits would cut or leave without an answer', () => {
    const pairs = [pair('12', '123', '1'), pair('1234', '1', '2'), pair('12345678', '1', '2')];
    const validation = validateDataset(pairs, { tokenizer: byteTokenizer(), maxLength: 6 });
    expect(validation.unit).toBe('tokens');
    expect(validation.lengths.chosen).toMatchObject({ min: 2, max: 4 }); // each with its end token
    expect(rowsOf(pairs, { tokenizer: byteTokenizer(), maxLength: 6 })).toEqual({ 'answer-cut-away': [2] });
    expect(rowsOf(pairs, { tokenizer: byteTokenizer(), maxLength: 5 })).toEqual({
      'answer-cut-away': [2],
      truncated: [0, 1],
    });
    expect(rowsOf([pair('', 'x', 'y')], { tokenizer: byteTokenizer() })).toEqual({ 'no-tokens': [0] });
    expect(() => validateDataset(pairs, { maxLength: 5 })).toThrow('needs a tokenizer');
    expect(() => validateDataset(pairs, { tokenizer: byteTokenizer(), maxLength: 0 })).toThrow('positive integer');
  });

  it('warns of length bias only when the interval leaves no doubt', () => {
    const longer = (count: number, of: number) =>
      Array.from({ length: of }, (_, i) => (i < count ? pair(`${i}`, 'long', 'x') : pair(`${i}`, 'x', 'long')));
    expect(rowsOf(longer(9, 10))).toEqual({}); // the interval of 90 % of ten pairs begins just below 60 %
    expect(Object.keys(rowsOf(longer(80, 100)))).toEqual(['length-bias']);
    expect(Object.keys(rowsOf(longer(20, 100)))).toEqual(['length-bias']);
    expect(rowsOf(longer(55, 100))).toEqual({});
  });

  it('checks the order of roles', () => {
    const say = (...roles: readonly string[]) => roles.map((role, i) => ({ role, content: `${role} ${i}` }));
    const chat = (prompt: readonly string[], answer: readonly string[]): PreferencePair => ({
      prompt: say(...prompt),
      chosen: say(...answer),
      rejected: [{ role: 'assistant', content: 'no' }],
    });
    const good = [
      chat(['user'], ['assistant']),
      chat(['system', 'user', 'assistant', 'user'], ['assistant']),
      chat(['user', 'assistant', 'tool'], ['assistant', 'tool', 'assistant']),
    ];
    const bad = [
      chat(['user', 'system', 'user'], ['assistant']),
      chat(['user', 'user'], ['assistant']),
      chat(['user', 'assistant'], ['assistant']),
      chat(['user'], ['user']),
      chat(['user'], ['assistant', 'user']),
      chat(['system'], ['assistant']),
    ];
    expect(rowsOf([...good, ...bad])).toMatchObject({ 'roles-out-of-order': [3, 4, 5, 6, 7, 8] });
  });
});

describe('Histogram', () => {
  it('gives the percentiles of the list', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (values) => {
        const histogram = new Histogram();
        for (const value of values) histogram.add(value);
        const { mean, ...ranks } = histogram.percentiles();
        const { mean: expected, ...expectedRanks } = percentiles(values);
        expect(ranks).toEqual(expectedRanks);
        expect(mean).toBeCloseTo(expected, 9);
      }),
    );
  });
});
