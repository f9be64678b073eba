import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncodedPair, TextToEncode } from '@dpo/base';
import { tableFromIPC } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { preferenceDataset } from '../rows/dataset.js';
import { byteTokenizer, encodeEach } from '../test/index.js';
import type { RowOrigin } from './cuts.js';
import { encodePairs } from './encode.js';
import { encodeAhead } from './encode-ahead.js';
import { openTokenCache, type TokenCache } from './token-cache.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-tokens-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tokenizer = byteTokenizer();
const pairs = preferenceDataset(
  Array.from({ length: 9000 }, (_, i) => ({
    prompt: `q${i}`,
    chosen: `yes ${i}`,
    rejected: i % 7 === 0 ? 'é' : `no ${i}`,
  })),
);
const key = { dataset: 'abc', files: { 'tokenizer.json': '{}' }, ends: [2] };
const open = async (change: Partial<typeof key> = {}) =>
  (await openTokenCache(folder, { ...key, ...change })) as TokenCache;
/** Encodes with a cache. Returns the rows, and the number of texts that were encoded. */
async function encodeWith(cache: TokenCache, stopAfter = Number.POSITIVE_INFINITY, options = {}) {
  let texts = 0;
  const batch = {
    encode: async (requests: readonly TextToEncode[]) => {
      if (texts >= stopAfter) throw new Error('killed');
      texts += requests.length;
      return encodeEach(tokenizer, requests);
    },
  };
  const rows = await encodeAhead(pairs, encodePairs, tokenizer, batch, { ...options, cache }).catch(() => undefined);
  return { rows: digest(rows), texts };
}
/** All ids and cuts in one text, which is quicker to compare than thousands of arrays. */
const digest = (rows: readonly (EncodedPair & RowOrigin)[] | undefined) =>
  rows?.map(({ prompt, chosen, rejected, cut }) => [prompt, chosen, rejected, Object.values(cut)].join('|')).join(';');
const oneByOne = digest(encodePairs(pairs, tokenizer));

it('gives the same rows without encoding a text again, whatever the limits', async () => {
  expect(await encodeWith(await open())).toEqual({ rows: oneByOne, texts: 27_000 });
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.arrow$/)]);
  expect(await encodeWith(await open())).toEqual({ rows: oneByOne, texts: 0 });
  const limits = { maxLength: 9, maxPromptLength: 3, eos: false };
  expect(await encodeWith(await open(), undefined, limits)).toEqual({
    rows: digest(encodePairs(pairs, tokenizer, limits)),
    texts: 0,
  });
});

it('is an Arrow stream of lists of ids', async () => {
  await encodeWith(await open());
  const [name] = await readdir(folder);
  const table = tableFromIPC(await readFile(join(folder, name as string)));
  expect([table.numRows, String(table.schema.fields[0]?.type)]).toEqual([27_000, 'List<Int32>']);
  const row = table.get(1) as unknown as { readonly ids: Iterable<number> };
  expect(Array.from(row.ids)).toEqual(tokenizer.encode('yes 0'));
});

it('continues where an interrupted run stopped', async () => {
  const interruption = await encodeWith(await open(), 12_288);
  expect(interruption).toEqual({ rows: undefined, texts: 12_288 });
  expect(await readdir(folder)).toEqual([expect.stringMatching(/\.part$/)]);
  expect(await encodeWith(await open())).toEqual({ rows: oneByOne, texts: 27_000 - 12_288 });
});

it('drops a batch that is cut off, at whatever byte', async () => {
  await encodeWith(await open(), 24_576);
  const [name] = await readdir(folder);
  const path = join(folder, name as string);
  const whole = await readFile(path);
  for (const bytes of [0, 3, 100, 1000, Math.floor(whole.length / 2), whole.length - 1, whole.length]) {
    await writeFile(path, whole);
    await truncate(path, bytes);
    const { rows, texts } = await encodeWith(await open());
    expect(rows === oneByOne).toBe(true);
    // One slice of 4096 rows remains, or both, or none.
    expect([27_000, 27_000 - 12_288, 27_000 - 24_576]).toContain(texts);
    await rm(path.replace('.part', '.arrow'));
  }
});

it('is of one dataset and one tokenizer', async () => {
  await encodeWith(await open());
  for (const change of [{ dataset: 'abd' }, { files: { 'tokenizer.json': '{ }' } }, { ends: [2, 3] }]) {
    const { texts } = await encodeWith(await open(change));
    expect(texts).toBe(27_000);
  }
  expect(await readdir(folder)).toHaveLength(4);
});

it('is not used, and removed, when its tokens differ from the tokenizer', async () => {
  await encodeWith(await open());
  const encode = (text: string) => tokenizer.encode(text.toUpperCase());
  const other = { ...tokenizer, encode, encodeAfter: (_before: string, text: string) => encode(text) };
  const cache = await open();
  const rows = await encodeAhead(pairs, encodePairs, other, { encode: async () => [] }, { cache });
  expect(digest(rows)).toEqual(digest(encodePairs(pairs, other)));
  expect(await readdir(folder)).toEqual([]);
});

it('is written by one process at a time, and taken over from a process that has ended', async () => {
  const first = await open();
  expect(await openTokenCache(folder, key)).toBeUndefined();
  await first.close(false);
  const [lock] = (await readdir(folder)).filter((name) => name.endsWith('.lock'));
  expect(lock).toBeUndefined();
  const again = await open();
  const name = (await readdir(folder)).find((file) => file.endsWith('.lock')) as string;
  await again.close(false);
  // No process has this number.
  await writeFile(join(folder, name), '4194304000');
  expect(await openTokenCache(folder, key)).toBeDefined();
});

it('removes caches that were not used for a month', async () => {
  await encodeWith(await open());
  const [name] = await readdir(folder);
  const old = new Date(Date.now() - 31 * 24 * 3600 * 1000);
  await utimes(join(folder, name as string), old, old);
  await (await open({ dataset: 'other' })).close(false);
  expect(await readdir(folder)).toEqual([]);
});

it('is undefined when the folder cannot be written', async () => {
  await writeFile(join(folder, 'file'), '');
  expect(await openTokenCache(join(folder, 'file', 'tokens'), key)).toBeUndefined();
});

describe('a damaged cache', () => {
  const small = preferenceDataset([...pairs].slice(0, 40));
  /** Encodes a few rows. Returns whether the rows are right, the number of encoded texts, and the reported paths. */
  const run = async () => {
    const damagedPaths: string[] = [];
    let texts = 0;
    const cache = await openTokenCache(folder, key, { onDamaged: (path) => damagedPaths.push(path) });
    const encode = async (requests: readonly TextToEncode[]) => {
      texts += requests.length;
      return encodeEach(tokenizer, requests);
    };
    const rows = await encodeAhead(small, encodePairs, tokenizer, { encode }, { cache });
    return { right: digest(rows) === digest(encodePairs(small, tokenizer)), texts, damagedPaths };
  };

  it('is removed and reported, and written again, whichever byte has changed', async () => {
    await run();
    const [name] = await readdir(folder);
    const path = join(folder, name as string);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at += 29) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      await writeFile(path, bytes);
      const { right, texts, damagedPaths } = await run();
      expect(right, `byte ${at}`).toBe(true);
      // Some bytes, such as those between buffers, have no effect on the ids.
      expect(
        [
          [0, []],
          [120, [path]],
        ],
        `byte ${at}`,
      ).toContainEqual([texts, damagedPaths]);
      expect(await run()).toEqual({ right: true, texts: 0, damagedPaths: [] });
    }
    const copy = Buffer.from(whole);
    const id = whole.lastIndexOf(Buffer.from(Int32Array.from(tokenizer.encode('no 39')).buffer));
    copy.writeInt32LE(1, id);
    await writeFile(path, copy);
    expect(await run()).toEqual({ right: true, texts: 120, damagedPaths: [path] });
  });

  it('may have another version, be cut short, empty, or no file at all', async () => {
    await run();
    const [name] = await readdir(folder);
    const path = join(folder, name as string);
    const whole = await readFile(path);
    const older = Buffer.from(whole);
    older.write('1', older.indexOf('dpo.tokens') - 8);
    for (const bytes of [whole.subarray(0, -8), whole.subarray(0, 900), Buffer.alloc(0), Buffer.from('PAR1'), older]) {
      await writeFile(path, bytes);
      expect(await run()).toEqual({ right: true, texts: 120, damagedPaths: [path] });
    }
    await rm(path);
    await mkdir(path);
    expect(await run()).toMatchObject({ right: true });
  });
});
