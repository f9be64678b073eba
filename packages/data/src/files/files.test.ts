import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json, Message } from '@dpo/base';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preferenceDataset } from '../rows/dataset.js';
import type { PreferencePair } from '../rows/types.js';
import { tinyPairs } from '../test/index.js';
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

const textWord = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
/** Whatever JSON can hold; text that Arrow can hold, and zero without a sign. */
const json = fc
  .jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
const extraKey = fc.oneof(
  fc.constantFrom('name', 'tool_calls', 'reasoning_content', '__proto__', 'constructor'),
  textWord.filter((key) => !['role', 'content'].includes(key)),
);
const content = fc.oneof(textWord, textWord, fc.array(json, { minLength: 1, maxLength: 2 }));
const byKey = ([a]: readonly [string, Json], [b]: readonly [string, Json]) => (a < b ? -1 : 1);
const messageOf = (role: string): fc.Arbitrary<Message> =>
  fc
    .tuple(
      content,
      fc.array(
        fc.tuple(
          extraKey,
          json.filter((value) => value !== null),
        ),
        { maxLength: 2 },
      ),
    )
    // A table has one order of keys for all messages, which fingerprints know.
    .map(([words, others]) => ({ role, content: words, ...Object.fromEntries(others.sort(byKey)) }));
const toolCall = fc.record({
  role: fc.constant('assistant'),
  content: fc.constant(null),
  tool_calls: fc.array(json, { minLength: 1 }),
});
const asked = fc.array(messageOf('user'), { minLength: 1, maxLength: 2 });
const answered = fc.array(fc.oneof(messageOf('assistant'), toolCall), { minLength: 1, maxLength: 2 });
const templateInputs = {
  tools: fc.array(fc.dictionary(textWord, json), { minLength: 1, maxLength: 2 }),
  templateVariables: fc.dictionary(
    extraKey,
    json.filter((value) => value !== null),
    { minKeys: 1, maxKeys: 2 },
  ),
};
const optional = {
  id: textWord,
  source: textWord,
  chosenScore: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  rejectedScore: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  referenceChosenLogp: fc.double({ max: 0, noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
};
function pairsOf<Value>(
  prompt: fc.Arbitrary<Value>,
  answer: fc.Arbitrary<Value>,
  others: Record<string, fc.Arbitrary<unknown>> = optional,
): fc.Arbitrary<PreferencePair[]> {
  const pair = fc.record(
    { prompt, chosen: answer, rejected: answer, ...others },
    { requiredKeys: ['prompt', 'chosen', 'rejected'] },
  );
  return fc.array(pair, { minLength: 1, maxLength: 8 }) as unknown as fc.Arbitrary<PreferencePair[]>;
}
const conversations = pairsOf<readonly Message[]>(asked, answered, { ...optional, ...templateInputs });
const datasets = fc.oneof(pairsOf<string>(textWord, textWord), conversations, conversations);

const formats = ['.arrow', '.jsonl', '.jsonl.gz', ''] as const;

describe('writing and reading again', () => {
  it.each(formats)('gives equal rows and the same fingerprint: "%s"', async (ending) => {
    await fc.assert(
      fc.asyncProperty(datasets, async (pairs) => {
        const dataset = preferenceDataset(pairs);
        const path = place(ending);
        await writePreferences(pairs, path);
        const read = await readPreferences(path);
        expect([...read]).toEqual([...dataset]);
        expect(read.at(read.length - 1)).toEqual(dataset.at(dataset.length - 1));
        expect(read.fingerprint).toBe(dataset.fingerprint);
        expect(read.path).toBe(path);
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
      const read = await readPreferences(path);
      expect(read.length).toBe(2500);
      for (const row of [0, 999, 1000, 2499, 2200, 5]) expect(read.at(row)).toEqual(pairs[row]);
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
    // What Python wrote is not ours to replace, though it is a dataset.
    await rm(join(path, '.dpo.json'));
    expect((await errorOf(() => writePreferences(tinyPairs(), path))).code).toBe('file.not-ours');
    expect((await readPreferences(path)).length).toBe(1);
  });
});

describe('what Python wrote', () => {
  const rows = (async () => JSON.parse(await readFile(join(fixtures, 'rows.json'), 'utf8')))();
  const expected = async (split: 'train' | 'test'): Promise<PreferencePair[]> => [
    ...preferenceDataset((await rows)[split].map(camel)),
  ];
  const camel = ({ chosen_score, rejected_score, id, ...row }: Record<string, unknown>) => ({
    ...row,
    ...(id === null ? {} : { id }),
    ...(chosen_score === null ? {} : { chosenScore: chosen_score }),
    ...(rejected_score === null ? {} : { rejectedScore: rejected_score }),
  });

  it('opens a folder of two shards', async () => {
    expect([...(await readPreferences(join(fixtures, 'plain')))]).toEqual(await expected('train'));
  });

  it('opens a split of a DatasetDict, train by default', async () => {
    const path = join(fixtures, 'splits');
    expect([...(await readPreferences(path))]).toEqual(await expected('train'));
    expect([...(await readPreferences(path, { split: 'test' }))]).toEqual(await expected('test'));
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
      const train = await expected('train');
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
    expect([...(await readPreferences(join(fixtures, 'plain.parquet')))]).toEqual(await expected('train'));
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
    const long = (await expected('train')).map((row) => ({ ...row, prompt: (row.prompt as string).repeat(40) }));
    for (const name of ['lz4.arrow', 'zstd-stream.arrow'])
      expect([...(await readPreferences(join(fixtures, name)))]).toEqual(long);
  });
});

describe('compressed Arrow files', () => {
  it.each(['lz4', 'zstd'] as const)('%s: are smaller, and give equal rows again', async (compression) => {
    await fc.assert(
      fc.asyncProperty(datasets, async (pairs) => {
        const path = place('.arrow');
        await writePreferences(pairs, path, { compression });
        const read = await readPreferences(path);
        expect([...read]).toEqual([...preferenceDataset(pairs)]);
        expect(read.fingerprint).toBe(preferenceDataset(pairs).fingerprint);
      }),
      { numRuns: 40 },
    );
    const rows = Array.from({ length: 3000 }, (_, i) => ({
      prompt: `Question ${i}`,
      chosen: 'yes, it is',
      rejected: 'no',
    }));
    const [plain, small] = [place('.arrow'), place('.arrow')];
    await writePreferences(rows, plain);
    await writePreferences(rows, small, { compression });
    expect((await stat(small)).size).toBeLessThan((await stat(plain)).size / 2);
    expect([...(await readPreferences(small))]).toEqual(rows);
  });

  it('write before each buffer how long it will be again, as the format asks', async () => {
    // One buffer of 1000 texts of 24 bytes.
    const rows = Array.from({ length: 1000 }, () => ({ prompt: 'a'.repeat(24), chosen: 'b', rejected: 'c' }));
    const path = place('.arrow');
    await writePreferences(rows, path, { compression: 'lz4' });
    const prefix = Buffer.alloc(8);
    prefix.writeBigInt64LE(24_000n);
    // Behind it an LZ4 frame begins.
    expect((await readFile(path)).includes(Buffer.concat([prefix, Buffer.from([0x04, 0x22, 0x4d, 0x18])]))).toBe(true);
  });

  it('are refused for formats without compression of their own', async () => {
    const rows = [{ prompt: 'p', chosen: 'c', rejected: 'r' }];
    for (const ending of ['.jsonl', '.csv', ''])
      expect((await errorOf(() => writePreferences(rows, place(ending), { compression: 'lz4' }))).code).toBe(
        'data.not-compressible',
      );
  });
});
