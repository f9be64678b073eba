import { createHash } from 'node:crypto';
import { pauses } from '@dpo/base';
import {
  Field,
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

/**
 * Raised when texts are asked for or stored in another order or form, or when texts get other tokens, so that older caches
 * are not used.
 *
 * 2: an answer's tokens are those that follow its prompt's; added tokens and normalisers as in Python.
 * 3: each batch has a digest.
 */
export const VERSION = 3;
/** Each batch says here what it and all before it hold, so that no byte of an id changes unseen. */
const DIGEST = 'dpo.digest';

const item = new Field('item', new Int32(), false);
const schema = new Schema([new Field('ids', new List(item), false)], new Map([['dpo.tokens', String(VERSION)]]));

/** Writes ids as an Arrow IPC stream, a list to each text. */
export interface TokenWriter {
  /** The bytes that a stream begins with. */
  readonly head: Buffer;
  batch(texts: readonly Int32Array[]): Buffer;
  end(): Buffer;
}

/** A writer that begins a stream, or goes on after what {@link readTokens} has read. */
export function tokenWriter(digest = ''): TokenWriter {
  const writer = new RecordBatchStreamWriter();
  const queue = new CollectingQueue();
  writer.reset(queue, schema);
  const head = Buffer.concat(queue.take());
  let last = digest;
  return {
    head,
    batch(texts) {
      const { offsets, ids } = joined(texts);
      last = digestOf(last, offsets, ids);
      writer.write(recordBatch(offsets, ids, last));
      return Buffer.concat(queue.take());
    },
    end() {
      writer.finish();
      return Buffer.concat(queue.take());
    },
  };
}

/** What a stream of tokens holds, as far as it is as it was written. */
export interface StoredTokens {
  readonly texts: Int32Array[];
  /** Bytes up to which it can be gone on with. */
  readonly end: number;
  /** To go on writing with. */
  readonly digest: string;
  /** Whether it has its end, stops in the middle, or is not what was written. */
  readonly state: 'whole' | 'torn' | 'damaged';
}

/**
 * Reads a stream of tokens up to its end or to the first batch that is not as it was written. Signals and timers get their
 * turn meanwhile.
 */
export async function readTokens(bytes: Buffer): Promise<StoredTokens> {
  const pause = pauses();
  const { head } = tokenWriter();
  const texts: Int32Array[] = [];
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
      const { offsets, ids } = batch;
      if (batch.digest !== digestOf(digest, offsets, ids)) return until('damaged');
      for (let i = 0; i + 1 < offsets.length; i++) texts.push(ids.subarray(offsets[i], offsets[i + 1]));
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

/** The batch at the beginning of the bytes. What follows of its digest is for the caller to compare. */
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
  // Of the list its marks of missing values and offsets, then of the ids theirs and the values.
  const int32s = (buffer: number, length: number): Int32Array => {
    const from = body + (buffers[buffer]?.offset ?? 0);
    return new Int32Array(Uint8Array.prototype.slice.call(bytes, from, from + 4 * length).buffer);
  };
  return {
    offsets: int32s(1, rows + 1),
    ids: int32s(3, nodes[1]?.length ?? 0),
    digest: Message.decode(metadata).metadata.get(DIGEST),
    bytes: body + message.bodyBytes,
  };
}

function digestOf(before: string, offsets: Int32Array, ids: Int32Array): string {
  return createHash('sha256').update(before).update(offsets).update(ids).digest('hex');
}

/** Texts one after another, and where each begins. */
function joined(texts: readonly Int32Array[]): { readonly offsets: Int32Array; readonly ids: Int32Array } {
  const offsets = new Int32Array(texts.length + 1);
  texts.forEach(({ length }, i) => {
    offsets[i + 1] = (offsets[i] as number) + length;
  });
  const ids = new Int32Array(offsets[texts.length] as number);
  texts.forEach((text, i) => {
    ids.set(text, offsets[i]);
  });
  return { offsets, ids };
}

function recordBatch(offsets: Int32Array, ids: Int32Array, digest: string): RecordBatch {
  const length = offsets.length - 1;
  const child = makeData({ type: new Int32(), length: ids.length, nullCount: 0, data: ids });
  const lists = makeData({ type: new List(item), length, nullCount: 0, valueOffsets: offsets, child });
  const struct = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children: [lists] });
  return new RecordBatch(schema, struct, new Map([[DIGEST, digest]]));
}
