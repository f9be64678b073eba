import { createHash } from 'node:crypto';
import { pauses } from '@dpo/base';
import {
  Field,
  FixedSizeBinary,
  Int32,
  List,
  Message,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from 'apache-arrow';
import { CollectingQueue } from '../files/arrow/blocks.js';
import { checkMessage, messageHead } from '../files/arrow/find.js';
import { type ArrowField, readMessage } from '../files/arrow/metadata.js';
import { type TextColumns, type TokensByKey, TokenTable } from './_token-table.js';
import { KEY_BYTES } from './text-key.js';

/**
 * The version of the cache's content. It rises when the form of keys or of the file changes, or when texts get other tokens, so
 * that older caches are not used.
 *
 * 2: an answer's tokens follow its prompt's; added tokens and normalisers as in Python.
 * 3: each batch has a digest.
 * 4: a text has a key of its content, instead of a place in an order.
 * 5: keys are made by another hash.
 */
export const VERSION = 5;
/** The metadata key of each batch's digest of itself and all batches before it, which shows damage to any id. */
const DIGEST = 'dpo.digest';

const item = new Field('item', new Int32(), false);
const key = new FixedSizeBinary(KEY_BYTES);
const schema = new Schema(
  [new Field('ids', new List(item), false), new Field('key', key, false)],
  new Map([['dpo.tokens', String(VERSION)]]),
);

/** Writes ids as an Arrow IPC stream, with a list and a key to each text. */
export interface TokenWriter {
  /** The first bytes of a stream. */
  readonly head: Buffer;
  /** The bytes of a batch of texts: ids by the texts' keys. */
  batch(texts: ReadonlyMap<string, Int32Array>): Buffer;
  /** The last bytes of a stream. */
  end(): Buffer;
}

/** A writer that begins a stream, or continues the stream whose `digest` {@link readTokens} returned. */
export function tokenWriter(digest = ''): TokenWriter {
  const writer = new RecordBatchStreamWriter();
  const queue = new CollectingQueue();
  writer.reset(queue, schema);
  const head = Buffer.concat(queue.take());
  let last = digest;
  return {
    head,
    batch(texts) {
      const columns = columnsOf(texts);
      last = digestOf(last, columns);
      writer.write(recordBatch(columns, last));
      return Buffer.concat(queue.take());
    },
    end() {
      writer.finish();
      return Buffer.concat(queue.take());
    },
  };
}

/** The undamaged content of a stream of tokens. */
export interface StoredTokens {
  readonly texts: TokensByKey;
  /** The number of bytes after which the stream can be continued. */
  readonly end: number;
  /** The digest of the last batch, for {@link tokenWriter}. */
  readonly digest: string;
  /** `whole`: the stream has its end; `torn`: the stream stops in the middle; `damaged`: bytes have changed. */
  readonly state: 'whole' | 'torn' | 'damaged';
}

/**
 * Reads a stream of tokens up to its end, or to the first damaged batch. Signals and timers get their turn meanwhile.
 */
export async function readTokens(bytes: Buffer): Promise<StoredTokens> {
  const pause = pauses();
  const { head } = tokenWriter();
  const texts = new TokenTable();
  let [end, digest] = [0, ''];
  const until = (state: StoredTokens['state']): StoredTokens => ({ texts, end, digest, state });
  if (!bytes.subarray(0, head.length).equals(head.subarray(0, bytes.length))) return until('damaged');
  if (bytes.length < head.length) return until('torn');
  const { fields } = schemaOf(head);
  end = head.length;
  while (end + 8 <= bytes.length) {
    try {
      const batch = readBatch(bytes.subarray(end), fields);
      if (batch === 'end') return until(end + 8 === bytes.length ? 'whole' : 'damaged');
      if (batch === 'torn') return until('torn');
      if (batch.digest !== digestOf(digest, batch.columns)) return until('damaged');
      texts.add(batch.columns);
      digest = batch.digest;
      end += batch.bytes;
      await pause();
    } catch {
      return until('damaged');
    }
  }
  return until('torn');
}

function schemaOf(head: Buffer) {
  const { start, bytes } = messageHead(head);
  const message = readMessage(head.subarray(start, start + bytes));
  if (message.kind !== 'schema') throw new RangeError('no schema');
  return message;
}

/** The batch at the beginning of the bytes. The caller compares its digest. @throws RangeError for damaged bytes */
function readBatch(bytes: Buffer, fields: readonly ArrowField[]) {
  const head = messageHead(bytes);
  if (head.bytes === 0) return 'end';
  const body = head.start + head.bytes;
  if (head.bytes < 0) throw new RangeError('a length below 0');
  if (body > bytes.length) return 'torn';
  const metadata = bytes.subarray(head.start, body);
  const message = readMessage(metadata);
  if (body + message.bodyBytes > bytes.length) return 'torn';
  checkMessage(message, fields);
  if (message.kind !== 'batch' || message.batch.compression !== undefined) throw new RangeError('no batch of tokens');
  const { rows, nodes, buffers } = message.batch;
  // Buffers 0 and 1 are the lists' marks of missing values and offsets; 2 and 3 the ids' marks and values; 4 and 5 the keys'.
  const copy = (buffer: number, length: number): Uint8Array => {
    const from = body + (buffers[buffer]?.offset ?? 0);
    return Uint8Array.prototype.slice.call(bytes, from, from + length);
  };
  return {
    columns: {
      offsets: new Int32Array(copy(1, 4 * (rows + 1)).buffer),
      ids: new Int32Array(copy(3, 4 * (nodes[1]?.length ?? 0)).buffer),
      keys: Buffer.from(copy(5, KEY_BYTES * rows).buffer),
    },
    digest: Message.decode(metadata).metadata.get(DIGEST),
    bytes: body + message.bodyBytes,
  };
}

function digestOf(previous: string, { offsets, ids, keys }: TextColumns): string {
  return createHash('sha256').update(previous).update(offsets).update(ids).update(keys).digest('hex');
}

function columnsOf(texts: ReadonlyMap<string, Int32Array>): TextColumns {
  const offsets = new Int32Array(texts.size + 1);
  let count = 0;
  for (const { length } of texts.values()) {
    offsets[count + 1] = (offsets[count] as number) + length;
    count++;
  }
  const ids = new Int32Array(offsets[count] as number);
  let text = 0;
  for (const tokens of texts.values()) ids.set(tokens, offsets[text++]);
  return { offsets, ids, keys: Buffer.from([...texts.keys()].join(''), 'utf16le') };
}

function recordBatch({ offsets, ids, keys }: TextColumns, digest: string): RecordBatch {
  const length = offsets.length - 1;
  const child = makeData({ type: new Int32(), length: ids.length, nullCount: 0, data: ids });
  const lists = makeData({ type: new List(item), length, nullCount: 0, valueOffsets: offsets, child });
  const names = makeData({ type: key, length, nullCount: 0, data: keys });
  const struct = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children: [lists, names] });
  return new RecordBatch(schema, struct, new Map([[DIGEST, digest]]));
}
