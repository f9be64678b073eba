import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DpoError } from '@dpo/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLabelled, readPreferences } from '../files/read.js';
import { joinPreferences } from '../select/join.js';
import { byteTokenizer } from '../test/index.js';
import { encodePairs } from './encode.js';
import { encodeAhead } from './encode-ahead.js';
import { encodeAnswers } from './encode-rows.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-each-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, rows: readonly unknown[], separator = ''): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n${separator}`).join(''));
  return path;
}

const tokenizer = byteTokenizer();
// One byte is one token: a prompt of 20 tokens leaves no room for the answer within 20.
const long = { prompt: 'x'.repeat(20), chosen: 'yes', rejected: 'no' };
const short = (i: number) => ({ prompt: `Q${i}`, chosen: 'yes', rejected: 'no' });
const rows = [short(0), long, short(2)];
const limit = { maxLength: 20, eos: false };

describe('a row that cannot be examples', () => {
  it('is named with its file and line', async () => {
    const path = await file('lines.jsonl', rows, '\n'); // a blank line after each
    const dataset = await readPreferences(path);
    expect(() => encodePairs(dataset, tokenizer, limit)).toThrow(
      expect.objectContaining({
        code: 'data.answer-cut-away',
        message: expect.stringMatching(new RegExp(`^${path}, line 3: row 1: the prompt's 20 tokens`)),
        values: expect.objectContaining({ row: 1, path, line: 3 }),
      }),
    );
    const second = await readPreferences(await file('more.jsonl', rows));
    const both = joinPreferences([await readPreferences(await file('good.jsonl', [short(7)])), second], 'both');
    expect(() => encodePairs(both, tokenizer, limit)).toThrow(/more\.jsonl, line 2: row 1: the prompt's/);
    expect(() => encodePairs(rows, tokenizer, limit)).toThrow(/^row 1: /);
  });

  it('is skipped and reported with onError, and the other rows keep their numbers', async () => {
    const dataset = await readPreferences(await file('skip.jsonl', rows));
    const errors: DpoError[] = [];
    const options = { ...limit, onError: (error: DpoError) => errors.push(error) };
    expect(encodePairs(dataset, tokenizer, options).map(({ row }) => row)).toEqual([0, 2]);
    expect(errors.map(({ values }) => values.line)).toEqual([2]);
  });

  it('is an error when no row is left', async () => {
    expect(() => encodePairs([long, long], tokenizer, { ...limit, onError: () => undefined })).toThrow(
      expect.objectContaining({ code: 'data.all-skipped' }),
    );
  });

  it('is skipped by encodeAhead as well', async () => {
    const dataset = await readPreferences(await file('ahead.jsonl', rows));
    const batch = {
      encode: async (texts: readonly (string | { readonly before: string; readonly text: string })[]) =>
        texts.map((text) =>
          typeof text === 'string' ? tokenizer.encode(text) : tokenizer.encodeAfter(text.before, text.text),
        ),
    };
    const errors: DpoError[] = [];
    const onError = (error: DpoError) => errors.push(error);
    const examples = await encodeAhead(dataset, encodePairs, tokenizer, batch, { ...limit, onError });
    expect(examples).toEqual(encodePairs(dataset, tokenizer, { ...limit, onError: () => undefined }));
    expect(errors).toHaveLength(1);
    await expect(encodeAhead(dataset, encodePairs, tokenizer, batch, limit)).rejects.toMatchObject({
      code: 'data.answer-cut-away',
    });
  });

  it('is not among the answers that KTO puts to other prompts', async () => {
    const answers = [
      { prompt: 'a', completion: 'one', label: true },
      { prompt: 'x'.repeat(20), completion: 'two', label: true },
      { prompt: 'c', completion: 'three', label: false },
    ];
    const dataset = await readLabelled(await file('kto.jsonl', answers));
    const examples = encodeAnswers(dataset, tokenizer, { ...limit, onError: () => undefined });
    // The tokenizer's first three ids are special: a byte is three more.
    const text = (tokens: Int32Array) => String.fromCharCode(...tokens.map((id) => id - 3));
    expect(examples.map(({ row, mismatched }) => [row, text(mismatched)])).toEqual([
      [0, 'three'],
      [2, 'one'],
    ]);
  });
});
