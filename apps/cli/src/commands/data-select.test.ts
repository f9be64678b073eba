import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PreferencePair, readPreferences } from '@dpo/data';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, runCli } from '../_cli-for-tests.js';

let folder: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-select-'));
  data = await pairsFile(folder, 20);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const run = (...args: readonly string[]) => runCli(['data', ...args]);
const rows = async (name: string): Promise<PreferencePair[]> => [...(await readPreferences(at(name)))];

describe('dpo data split, filter and mix', () => {
  it('splits by prompt: no prompt is in both files', async () => {
    expect((await run('split', data, at('train.jsonl'), at('test.jsonl'), '--fraction', '0.4')).code).toBe(0);
    const [train, test] = [await rows('train.jsonl'), await rows('test.jsonl')];
    expect([train.length, test.length]).toEqual([12, 8]); // 5 prompts of 4 rows each
    const prompts = new Set(train.map(({ prompt }) => prompt));
    expect(test.some(({ prompt }) => prompts.has(prompt))).toBe(false);
    expect((await run('validate', at('train.jsonl'), '--test', at('test.jsonl'))).out.join()).toContain(
      '0 of the test',
    );
    expect((await run('split', data, at('a.jsonl'), at('a.jsonl'))).code).toBe(2);
  });

  it('writes both files of a split or neither', async () => {
    for (const [train, heldOut] of [
      ['train.jsonl', 'test.parquet'],
      ['train', 'test.parquet'],
      ['train.arrow', 'test.parquet'],
      ['train.parquet', 'test.jsonl'],
    ] as const) {
      const { code, notes } = await run('split', data, at(train), at(heldOut));
      expect([code, notes.join()]).toEqual([1, expect.stringContaining('Parquet is read, not written')]);
      expect((await readdir(folder)).filter((name) => name.startsWith('t'))).toEqual([]);
    }
  });

  it('filters, and says so when no pair is left', async () => {
    const scored = [3, 1].map((chosen_score) => ({
      prompt: 'p',
      chosen: 'c',
      rejected: 'r',
      chosen_score,
      rejected_score: 1,
    }));
    await writeFile(at('scored.jsonl'), scored.map((row) => JSON.stringify(row)).join('\n'));
    const { notes } = await run('filter', at('scored.jsonl'), at('kept.arrow'), '--min-margin', '1');
    expect(notes).toEqual([`Kept 1 of 2 pairs in ${at('kept.arrow')}.`]);
    const none = await run('filter', at('scored.jsonl'), at('none.arrow'), '--min-margin', '9');
    expect([none.code, none.notes.join()]).toEqual([1, expect.stringContaining('holds no rows')]);
  });

  it('mixes by weight', async () => {
    const other = [1, 2, 3].map((i) => JSON.stringify({ prompt: `o${i}`, chosen: 'c', rejected: 'r' }));
    await writeFile(at('other.jsonl'), other.join('\n'));
    expect((await run('mix', `${data}=2,${at('other.jsonl')}`, at('mix.jsonl'))).code).toBe(0);
    const mixed = await rows('mix.jsonl');
    expect(mixed).toHaveLength(9);
    expect(mixed.filter(({ prompt }) => String(prompt).startsWith('o'))).toHaveLength(3);
    expect((await run('mix', `${data}=none`, at('mix.jsonl'))).code).toBe(2);
  });
});
