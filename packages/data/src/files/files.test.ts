import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preferenceDataset } from '../rows/dataset.js';
import type { PreferencePair } from '../rows/types.js';
import { tinyPairs } from '../test/index.js';
import { conversations, datasets, pairsOf, textWord } from './_datasets-for-tests.js';
import { errorOf } from './_error-of-for-tests.js';
import { convertPreferences } from './convert.js';
import { readPreferences, readRanked } from './read.js';
import { writePreferences, writeRanked } from './write.js';

const fixtures = fileURLToPath(new URL('../../../../tooling/parity/fixtures/datasets/', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-data-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let places = 0;
const place = (ending: string) => join(folder, `${places++}${ending}`);

const formats = ['.arrow', '.jsonl', '.jsonl.gz', ''] as const;

describe('writing and reading again', () => {
  it.each(formats)('gives equal rows and the same fingerprint: "%s"', async (ending) => {
    await fc.assert(
      fc.asyncProperty(datasets, async (pairs) => {
        const dataset = preferenceDataset(pairs);
        const path = place(ending);
        await writePreferences(pairs, path);
        const copy = await readPreferences(path);
        expect([...copy]).toEqual([...dataset]);
        expect(copy.at(copy.length - 1)).toEqual(dataset.at(dataset.length - 1));
        expect(copy.fingerprint).toBe(dataset.fingerprint);
        expect(copy.path).toBe(path);
      }),
      { numRuns: 40 },
    );
  });

  it('gives equal rows from CSV too, conversations as JSON', async () => {
    const text = fc.oneof(textWord, fc.constantFrom('a,b', '"', '""', 'a\r\nb', '\n', ' ', '\r'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(pairsOf<string>(text, text), conversations), async (pairs) => {
        const path = place('.csv');
        await writePreferences(pairs, path);
        expect([...(await readPreferences(path))]).toEqual([...preferenceDataset(pairs)]);
      }),
      { numRuns: 40 },
    );
  });

  it.each([...formats, '.csv'])('keeps ranked lists: "%s"', async (ending) => {
    const user = (content: string) => [{ role: 'user', content }];
    const assistant = (content: string) => [{ role: 'assistant', content }];
    const lists = [
      { prompt: 'p', responses: ['a', 'b', 'c'], scores: [1, 0.1, -3] },
      { prompt: 'q', responses: ['a', 'b'], scores: [0, 1], source: 'here' },
    ];
    const chats = [{ prompt: user('p'), responses: [assistant('a'), assistant('b')], scores: [2, 1] }];
    for (const rows of [lists, chats]) {
      const path = place(ending);
      await writeRanked(rows, path);
      expect([...(await readRanked(path))]).toEqual(rows);
    }
  });

  it('makes batches of 1000 rows and reads any row', async () => {
    const pairs = Array.from(
      { length: 2500 },
      (_, i): PreferencePair => ({
        prompt: `p${i}`,
        chosen: `c${i}`,
        rejected: `r${i}`,
        ...(i === 2200 ? { id: 'late' } : {}),
      }),
    );
    for (const ending of formats) {
      const path = place(ending);
      await writePreferences(pairs.values(), path);
      const copy = await readPreferences(path);
      expect(copy.length).toBe(2500);
      for (const row of [0, 999, 1000, 2499, 2200, 5]) expect(copy.at(row)).toEqual(pairs[row]);
    }
  });

  it('writes what the Arrow library reads, with the version in the metadata and no columns without values', async () => {
    const path = place('.arrow');
    await writePreferences([{ prompt: 'a', chosen: 'b', rejected: 'c', id: 'x' }], path);
    const table = tableFromIPC(await readFile(path));
    expect(table.schema.fields.map(({ name }) => name)).toEqual(['prompt', 'chosen', 'rejected', 'id']);
    expect(table.schema.metadata.get('dpo.schema')).toBe('1');
    expect(table.toArray().map((row) => row.toJSON())).toEqual([{ prompt: 'a', chosen: 'b', rejected: 'c', id: 'x' }]);
  });

  it('converts between all formats', async () => {
    const start = place('.jsonl');
    await writePreferences(tinyPairs(), start);
    let last = start;
    for (const ending of ['.arrow', '', '.csv', '.jsonl.gz', '.arrow', '.jsonl']) {
      const next = place(ending);
      expect(await convertPreferences(last, next)).toEqual({ rows: 64 });
      last = next;
    }
    expect(await readFile(last, 'utf8')).toBe(await readFile(start, 'utf8'));
  });

  it('replaces a dataset folder, and no other', async () => {
    const path = place('');
    await writePreferences(tinyPairs(), path);
    await writePreferences([tinyPairs().at(3)], `${path}/`);
    expect((await readPreferences(path)).length).toBe(1);
    expect((await readdir(path)).sort()).toEqual([
      '.dpo.json',
      'data-00000-of-00001.arrow',
      'dataset_info.json',
      'state.json',
    ]);
    const other = place('');
    await mkdir(other);
    await writeFile(join(other, 'thesis.txt'), 'years of work');
    expect((await errorOf(() => writePreferences(tinyPairs(), other))).code).toBe('file.not-ours');
    expect(await readdir(other)).toEqual(['thesis.txt']);
    // A folder that Python wrote is a dataset too, and is still not replaced.
    await rm(join(path, '.dpo.json'));
    expect((await errorOf(() => writePreferences(tinyPairs(), path))).code).toBe('file.not-ours');
    expect((await readPreferences(path)).length).toBe(1);
  });
});

describe('what Python wrote', () => {
  const rows = (async () => JSON.parse(await readFile(join(fixtures, 'rows.json'), 'utf8')))();
  const pythonRows = async (split: 'train' | 'test'): Promise<PreferencePair[]> => [
    ...preferenceDataset((await rows)[split].map(camel)),
  ];
  const camel = ({ chosen_score, rejected_score, id, ...row }: Record<string, unknown>) => ({
    ...row,
    ...(id === null ? {} : { id }),
    ...(chosen_score === null ? {} : { chosenScore: chosen_score }),
    ...(rejected_score === null ? {} : { rejectedScore: rejected_score }),
  });

  it('opens a folder of two shards', async () => {
    expect([...(await readPreferences(join(fixtures, 'plain')))]).toEqual(await pythonRows('train'));
  });

  it('opens a split of a DatasetDict, train by default', async () => {
    const path = join(fixtures, 'splits');
    expect([...(await readPreferences(path))]).toEqual(await pythonRows('train'));
    expect([...(await readPreferences(path, { split: 'test' }))]).toEqual(await pythonRows('test'));
    const error = await errorOf(() => readPreferences(path, { split: 'tset' }));
    expect([error.code, error.hint]).toEqual([
      'data.no-such-split',
      `Did you mean "test"? It has "train", "test": ${path}:train names one.`,
    ]);
    expect((await errorOf(() => readPreferences(join(fixtures, 'plain'), { split: 'test' }))).code).toBe(
      'data.no-such-split',
    );
  });

  it('opens conversations and splits them', async () => {
    const dataset = await readPreferences(join(fixtures, 'chat'));
    expect(dataset.at(3)).toEqual({
      prompt: [{ role: 'user', content: 'question 3' }],
      chosen: [{ role: 'assistant', content: 'good 3' }],
      rejected: [{ role: 'assistant', content: 'bad 3' }],
      source: 'made up',
    });
  });

  it.each(['large.arrow', 'stream.arrow'])(
    'reads large strings, dictionaries, integers and float32: %s',
    async (name) => {
      const train = await pythonRows('train');
      expect([...(await readPreferences(join(fixtures, name)))]).toEqual(
        train.map(({ prompt, chosen, rejected, chosenScore }, i) => ({
          prompt,
          chosen,
          rejected,
          chosenScore,
          id: String(i),
        })),
      );
    },
  );

  it('reads Parquet, in row groups and compressed', async () => {
    expect([...(await readPreferences(join(fixtures, 'plain.parquet')))]).toEqual(await pythonRows('train'));
    const chat = await readPreferences(join(fixtures, 'chat'));
    expect((await readPreferences(join(fixtures, 'chat.parquet'))).fingerprint).toBe(chat.fingerprint);
    const mapped = await readPreferences(join(fixtures, 'plain.parquet'), {
      columns: { chosen: 'rejected', rejected: 'chosen' },
    });
    expect(mapped.at(2).chosen).toBe(' bad 2');
    expect(await convertPreferences(join(fixtures, 'plain.parquet'), place('.csv'))).toEqual({ rows: 7 });
  });

  it('reads ranked lists', async () => {
    expect((await readRanked(join(fixtures, 'ranked.arrow'))).at(0)).toEqual({
      prompt: 'p',
      responses: ['a', 'b', 'c'],
      scores: [3, 2.5, -1],
    });
  });

  it('reads files whose buffers pyarrow compressed, by LZ4 and Zstandard, files and streams', async () => {
    const large = await readPreferences(join(fixtures, 'large.arrow'));
    expect([...(await readPreferences(join(fixtures, 'compressed.arrow')))]).toEqual([...large]);
    const long = (await pythonRows('train')).map((row) => ({ ...row, prompt: (row.prompt as string).repeat(40) }));
    for (const name of ['lz4.arrow', 'zstd-stream.arrow'])
      expect([...(await readPreferences(join(fixtures, name)))]).toEqual(long);
  });
});
