import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyPairs } from '../test/index.js';
import { readPreferences } from './read.js';
import { readPreferencesFrom } from './read-blob.js';
import { writePreferences } from './write.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-blob-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The rows and the fingerprint of a file, by its path and as a blob. */
async function bothWays(name: string) {
  const path = join(folder, name);
  const onDisk = await readPreferences(path);
  const fromBlob = await readPreferencesFrom(name, new Blob([await readFile(path)]));
  return [onDisk, fromBlob].map((dataset) => ({ rows: [...dataset], fingerprint: dataset.fingerprint }));
}

describe('readPreferencesFrom', () => {
  it.each(['pairs.jsonl', 'pairs.csv', 'pairs.arrow'])('reads %s as it is read from disk', async (name) => {
    await writePreferences(tinyPairs(), join(folder, name));
    const [onDisk, fromBlob] = await bothWays(name);
    expect(fromBlob).toEqual(onDisk);
    expect(fromBlob?.rows.length).toBeGreaterThan(2);
  });

  it.each(['zstd', 'lz4'] as const)('reads Arrow with %s', async (compression) => {
    const name = `pairs-${compression}.arrow`;
    await writePreferences(tinyPairs(), join(folder, name), { compression });
    const [onDisk, fromBlob] = await bothWays(name);
    expect(fromBlob).toEqual(onDisk);
  });

  it('reads an array of JSON, and text by gzip, also under the name of plain text', async () => {
    const text = JSON.stringify([...tinyPairs()]);
    await writeFile(join(folder, 'array.json'), text);
    await writeFile(join(folder, 'packed.json'), gzipSync(text));
    const [array] = await bothWays('array.json');
    for (const each of await bothWays('packed.json')) expect(each).toEqual(array);
  });

  it.each([
    ['odd.jsonl', '{"question": "?", "good": "a", "bad": "b"}\n', 'data.unknown-shape', /odd\.jsonl, line 1/],
    ['page.jsonl', '<!doctype html>', 'data.web-page', /page\.jsonl is a web page/],
    ['rows.parquet', 'PAR1', 'data.no-parquet', /rows\.parquet is Parquet/],
    ['rows', '{}', 'data.unknown-format', /rows has no ending/],
    ['rows.docx', '{}', 'data.unknown-format', /\.docx/],
    ['empty.jsonl', '', 'data.empty-dataset', /empty\.jsonl holds no rows/],
  ])('names what is wrong with %s', async (name, text, code, message) => {
    await expect(readPreferencesFrom(name, new Blob([text]))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});
