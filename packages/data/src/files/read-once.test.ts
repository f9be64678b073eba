import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { fingerprintOf } from '../rows/fingerprint.js';
import { preferenceFormat } from '../rows/row-format.js';
import { byteTokenizer, encodeEach } from '../test/index.js';
import { encodePairs } from '../tokens/encode.js';
import { encodeAhead } from '../tokens/encode-ahead.js';
import { readPreferences } from './read.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-once-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

async function file(name: string, rows: readonly object[]): Promise<string> {
  await writeFile(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return join(folder, name);
}

const ROWS = 9000;
/** Rows of texts. Only the last row has a weight, so that the columns grow while the file is read. */
const plain = Array.from({ length: ROWS }, (_, i) => ({
  ...{ prompt: `Q${i}`, chosen: 'yes', rejected: `né ${i}` },
  ...(i === ROWS - 1 ? { weight: 2 } : {}),
}));

it('a row of a file of lines is checked once, and restored once for its tokens', async () => {
  const path = await file('plain.jsonl', plain);
  const parse = vi.spyOn(preferenceFormat, 'parse');
  const restore = vi.spyOn(preferenceFormat, 'restore');
  const dataset = await readPreferences(path, { fingerprint: true });
  expect([parse.mock.calls.length, restore.mock.calls.length]).toEqual([ROWS, 0]);
  const fingerprint = await dataset.fingerprintInPieces();
  expect(restore).not.toHaveBeenCalled();
  const tokenizer = byteTokenizer();
  const encode = async (texts: Parameters<typeof encodeEach>[1]) => encodeEach(tokenizer, texts);
  const examples = await encodeAhead(dataset, encodePairs, tokenizer, { encode });
  expect([parse.mock.calls.length, restore.mock.calls.length]).toEqual([ROWS, ROWS]);
  expect(examples.at(-1)).toMatchObject({ row: ROWS - 1, weight: 2 });
  expect(fingerprint).toBe((await readPreferences(path)).fingerprint);
  expect(fingerprint).toBe(fingerprintOf(preferenceFormat, plain).atOnce());
});

it('rows come out of memory as they were checked, whatever keys their messages have', async () => {
  const call = {
    role: 'assistant',
    content: null,
    tool_calls: [{ function: { name: 'f', arguments: { x: [1, null] } } }],
  };
  const ask = [{ role: 'user', content: 'Ünïcode?' }];
  const answer = (content: unknown) => [{ role: 'assistant', content }];
  const chats = [
    { prompt: ask, chosen: answer('a'), rejected: answer('b'), id: 'one', margin: -0.5 },
    { prompt: ask, chosen: [call], rejected: answer([{ type: 'text', text: 'c' }]), tools: [{ name: 'f' }] },
    {
      ...{ prompt: [{ name: 'n', role: 'user', content: 'q' }], chosen: answer('d'), rejected: answer('e') },
      ...{ chat_template_kwargs: { thinking: true } },
    },
  ];
  // Late rows have keys that the rows before them lack.
  const rows = [...Array.from({ length: 2500 }, () => chats[0] as object), ...chats];
  const path = await file('chat.jsonl', rows);
  const results: unknown[] = [];
  const { parse } = preferenceFormat;
  vi.spyOn(preferenceFormat, 'parse').mockImplementation((...inputs) => {
    const row = parse(...inputs);
    results.push(row);
    return row;
  });
  const dataset = await readPreferences(path);
  expect(results).toHaveLength(rows.length);
  expect(JSON.stringify([...dataset].map(({ prompt, chosen }) => [prompt, chosen]))).toBe(
    JSON.stringify(
      (results as readonly { prompt: unknown; chosen: unknown }[]).map(({ prompt, chosen }) => [prompt, chosen]),
    ),
  );
  expect([...dataset]).toEqual(results);
});

it('files of one dataset share a fingerprint, computed while they are read', async () => {
  const parts = join(folder, 'parts');
  await mkdir(parts);
  for (const [i, rows] of [plain.slice(0, 30), plain.slice(30, 50)].entries())
    await file(join('parts', `train-0000${i}-of-00002.jsonl`), rows);
  const restore = vi.spyOn(preferenceFormat, 'restore');
  const { fingerprint } = await readPreferences(parts, { fingerprint: true });
  // Only the first row of each file is restored, which says whether the rows are text.
  expect(restore).toHaveBeenCalledTimes(2);
  expect(fingerprint).toBe(fingerprintOf(preferenceFormat, plain.slice(0, 50)).atOnce());
});
