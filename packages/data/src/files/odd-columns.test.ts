import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPreferences } from './read.js';

/** Written by Python's pyarrow: tooling/parity/published.py. */
const publishedFolder = fileURLToPath(new URL('../../../../tooling/parity/fixtures/published/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-columns-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pair = { prompt: 'Name a day.', chosen: 'Monday.', rejected: 'Blue.' };
async function lines(name: string, rows: readonly unknown[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  return path;
}

describe('labels that are no texts', () => {
  const lists = [{ ...pair, id: '7', source: 'sharegpt, lmsys' }, pair];
  const objects = [{ ...pair, id: 'true', source: '{"name":"hh","part":2}' }];

  it.each(['parquet', 'arrow'])('are written out in %s', async (ending) => {
    expect([...(await readPreferences(join(publishedFolder, `labels.${ending}`)))]).toEqual(lists);
    expect([...(await readPreferences(join(publishedFolder, `label-objects.${ending}`)))]).toEqual(objects);
  });

  it('are written out in JSONL', async () => {
    const rows = [
      { ...pair, id: 7, source: ['sharegpt', 'lmsys'] },
      { ...pair, id: null, source: [] },
      { ...pair, id: true, source: { name: 'hh', part: 2 } },
    ];
    expect([...(await readPreferences(await lines('labels.jsonl', rows)))]).toEqual([...lists, ...objects]);
  });
});

describe('an error about columns', () => {
  it('names all columns of the row, ignored columns included', async () => {
    const keys = '"prompt", "response_a", "response_b", "winner_model_a"';
    const row = { prompt: 'Name a day.', response_a: 'Monday.', response_b: 'Blue.', winner_model_a: 1 };
    const jsonl = await lines('unknown.jsonl', [row]);
    for (const path of [jsonl, join(publishedFolder, 'unknown.parquet'), join(publishedFolder, 'unknown.arrow')]) {
      const error = await readPreferences(path).catch((reason: { hint: string }) => reason);
      expect(error).toMatchObject({ code: 'data.missing-column', hint: expect.stringContaining(keys) });
    }
  });
});

it('counts the rows of the files when rows were skipped', async () => {
  const chat = { prompt: [{ role: 'user', content: 'Q' }], chosen: 'a', rejected: 'b' };
  await lines('a.jsonl', ['{"prompt":', pair, { ...pair, chosen: '' }, pair]);
  await lines('b.jsonl', [pair, chat, pair, '{']);
  await lines('c.jsonl', [pair]);
  const dataset = await readPreferences(join(folder, '[abc].jsonl'), { onError: () => undefined });
  // Of the four rows of a.jsonl, rows 1 and 3 are good; b.jsonl begins at 4.
  const rows = [0, 1, 2, 3, 4];
  expect(dataset.length).toBe(rows.length);
  expect(rows.map((row) => dataset.numberOf?.(row))).toEqual([1, 3, 4, 6, 8]);
  expect(rows.map((row) => dataset.placeOf?.(row)?.row)).toEqual([1, 3, 0, 2, 0]);
});
