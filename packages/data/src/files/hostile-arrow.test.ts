import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DpoError } from '@dpo/base';
import { Zstd } from '@hpcc-js/wasm-zstd';
import { type DataType, Dictionary, Field, Int8, List, Message, Schema, Utf8 } from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import { BodyCompression, BufferRegion, FieldNode, RecordBatch } from 'apache-arrow/ipc/metadata/message';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyPairs } from '../test/index.js';
import { readPreferences } from './read.js';
import { writePreferences } from './write.js';

const fixtures = fileURLToPath(new URL('../../../../tooling/parity/fixtures/arrow_types/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-arrow-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function errorOf(bytes: Uint8Array): Promise<DpoError | undefined> {
  const path = join(folder, 'hostile.arrow');
  await writeFile(path, bytes);
  try {
    await readPreferences(path);
    return undefined;
  } catch (error) {
    if (DpoError.is(error)) return error;
    throw error;
  }
}

const pairs = new Schema(['prompt', 'chosen', 'rejected'].map((name) => new Field(name, new Utf8(), true)));

interface Metadata {
  readonly rows: number;
  /** The length of each column. */
  readonly lengths: readonly number[];
  readonly nulls?: number;
  /** The place of every buffer but the marks of missing values. Default the whole body. */
  readonly buffer?: { readonly offset: number; readonly length: number };
  readonly compression?: number;
}

/** A stream of one record batch of texts with these metadata. */
function stream(
  schema: Schema,
  { rows, lengths, nulls = 0, buffer, compression }: Metadata,
  body = offsets(0, 2),
): Buffer {
  const marks = new BufferRegion(0, 0);
  const region = new BufferRegion(buffer?.offset ?? 0, buffer?.length ?? body.length);
  const batch = new RecordBatch(
    rows,
    lengths.map((length) => new FieldNode(length, nulls)),
    lengths.flatMap(() => [marks, region, region]),
    compression === undefined ? null : new BodyCompression(compression),
  );
  const parts = [message(Message.from(schema)), message(Message.from(batch, body.length)), body, Buffer.alloc(8)];
  parts[3]?.writeInt32LE(-1);
  return Buffer.concat(parts as Uint8Array[]);
}

function message(of: Message): Buffer {
  const metadata = Message.encode(of);
  const bytes = Math.ceil(metadata.length / 8) * 8;
  const head = Buffer.alloc(8);
  head.writeInt32LE(-1, 0);
  head.writeInt32LE(bytes, 4);
  return Buffer.concat([head, metadata, Buffer.alloc(bytes - metadata.length)]);
}

/** A body that is offsets and text at once. */
function offsets(from: number, to: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeInt32LE(from, 0);
  body.writeInt32LE(to, 4);
  return body;
}

/** A compressed buffer that claims to unpack to so many bytes. */
function bomb(bytes: bigint): Buffer {
  const body = Buffer.alloc(32);
  body.writeBigInt64LE(bytes, 0);
  return body;
}

function nested(depth: number): DataType {
  return depth === 0 ? new Utf8() : new List(new Field('item', nested(depth - 1), true));
}

describe('what pyarrow writes', () => {
  it('of every type, packed, plain and in slices, is read', async () => {
    const names = (await readdir(fixtures)).filter((name) => name !== 'replaced.arrow');
    expect(names.length).toBe(4);
    for (const name of names) {
      const dataset = await readPreferences(join(fixtures, name));
      expect(dataset.length, name).toBe(6);
      expect(dataset.at(5)).toEqual({
        prompt: 'q5 é',
        chosen: 'good 2',
        rejected: 'a rejected answer, number 5',
        source: 'y',
      });
    }
  });

  it('has each batch of a stream with the dictionary before the batch', async () => {
    const rows = [...(await readPreferences(join(fixtures, 'replaced.arrow')))];
    const answers = ['good 0a', 'good 0b', 'good 1a', 'good 1b', 'good 2a', 'good 2b'];
    expect(rows.map(({ chosen }) => chosen)).toEqual(answers);
  });
});

describe('a file whose metadata are not to be trusted', () => {
  /** Extreme positions, lengths and counts: far away, backwards, nowhere. */
  const extremes = [0, 1, -1, 8, 0x7fff_ffff, 0x4000_0000, -0x8000_0000, 0x00ff_ffff];

  it.each(['file-plain', 'stream-sliced'])('is read or refused with any number in it changed: %s', async (name) => {
    const whole = await readFile(join(fixtures, `${name}.arrow`));
    const codes = new Map<string, number>();
    for (let at = 8, turn = 0; at + 4 <= whole.length; at += 60, turn++) {
      const bytes = Buffer.from(whole);
      bytes.writeInt32LE(extremes[turn % extremes.length] as number, at);
      const code = (await errorOf(bytes))?.code ?? 'read';
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(codes.get('data.broken-file')).toBeGreaterThan(60);
  });

  it('is refused when the footer names a batch twice', async () => {
    const path = join(folder, 'twice.arrow');
    await writePreferences(tinyPairs(), path);
    const whole = await readFile(path);
    const start = whole.length - 10 - whole.readInt32LE(whole.length - 10);
    const footer = Footer.decode(whole.subarray(start, -10));
    const blocks = [...footer.recordBatches()];
    const twice = Footer.encode(new Footer(footer.schema, 4, [...blocks, ...blocks], []));
    const tail = Buffer.alloc(4);
    tail.writeInt32LE(twice.length);
    const error = await errorOf(Buffer.concat([whole.subarray(0, start), twice, tail, Buffer.from('ARROW1')]));
    expect(error?.code).toBe('data.broken-file');
    expect(error?.values.reason).toMatch(/^its footer names bytes/);
  });

  const one: Metadata = { rows: 1, lengths: [1, 1, 1] };
  const none: Metadata = { rows: 0, lengths: [0] };
  const indices = new Dictionary(new Utf8(), new Int8(), 7);
  it.each([
    ['more rows than its bytes can hold', stream(pairs, { rows: 2 ** 30, lengths: [2 ** 30, 2 ** 30, 2 ** 30] })],
    // The Arrow library would fill the shorter columns up.
    ['a column of another length', stream(pairs, { rows: 1, lengths: [1, 2 ** 30, 1] })],
    ['a column too few', stream(pairs, { rows: 1, lengths: [1, 1] })],
    ['a column too many', stream(pairs, { rows: 1, lengths: [1, 1, 1, 1] })],
    ['missing values in no marks', stream(pairs, { ...one, nulls: 1 })],
    ['more missing values than values', stream(pairs, { ...one, nulls: 2 })],
    ['a negative number of rows', stream(pairs, { rows: -1, lengths: [-1, -1, -1] })],
    ['buffers beyond its end', stream(pairs, { ...one, buffer: { offset: 8, length: 2 ** 40 } })],
    ['buffers before its beginning', stream(pairs, { ...one, buffer: { offset: -8, length: 8 } })],
    ['offsets that fall', stream(pairs, one, offsets(3, 1))],
    ['offsets beyond the text', stream(pairs, one, offsets(0, 9))],
    ['a negative offset', stream(pairs, one, offsets(-1, 2))],
    ['no dictionary', stream(new Schema([new Field('prompt', indices, true)]), none)],
    ['a column without a name', stream(new Schema([new Field('', new Utf8(), true)]), none)],
    ['columns in columns without end', stream(new Schema([new Field('prompt', nested(80), true)]), none)],
    ['LZ4 that unpacks to 2^40 bytes', stream(pairs, { ...one, compression: 0 }, bomb(2n ** 40n))],
    ['Zstandard that unpacks to 2^40 bytes', stream(pairs, { ...one, compression: 1 }, bomb(2n ** 40n))],
  ])('is refused with %s', async (_, bytes) => {
    const error = await errorOf(bytes);
    expect(error?.code).toBe('data.broken-file');
    expect(error?.values.reason).not.toMatch(/undefined|null|NaN|out of bounds|array length/i);
  });

  it('is refused when Zstandard truly unpacks to too many bytes', async () => {
    // 128 MiB of zeros take 4 kB: the length is true, and no dataset has such a buffer.
    const zstd = await Zstd.load();
    const frame = zstd.compress(new Uint8Array(2 ** 27));
    const body = Buffer.concat([Buffer.alloc(8), frame, Buffer.alloc(8)]);
    body.writeBigInt64LE(2n ** 27n, 0);
    const error = await errorOf(stream(pairs, { rows: 1, lengths: [1, 1, 1], compression: 1 }, body));
    expect(error?.values.reason).toMatch(/would unpack/);
  });
});

it.each([
  ['twice', 'data-00000-of-00001.arrow', 'data-00000-of-00001.arrow'],
  ['out of its folder', '../hostile.arrow', 'data-00000-of-00001.arrow'],
])("a folder of Python's datasets is refused that lists a shard %s", async (_, ...names) => {
  const path = join(folder, 'datasets');
  await writePreferences(tinyPairs(), path);
  const state = join(path, 'state.json');
  const text = await readFile(state, 'utf8');
  await writeFile(state, JSON.stringify({ ...JSON.parse(text), _data_files: names.map((filename) => ({ filename })) }));
  await expect(readPreferences(path)).rejects.toMatchObject({ code: 'data.broken-file', values: { shard: names[0] } });
});
