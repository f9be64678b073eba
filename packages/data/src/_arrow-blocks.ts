import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import {
  AsyncByteQueue,
  Message,
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Schema,
} from 'apache-arrow';
import { loadCodecs, needsCodecs, requireCodecs } from './_arrow-codecs.js';

/** A record batch that is read when it is needed. */
export interface Block {
  readonly rows: number;
  /** Bytes that holding it takes; 0 where it is in memory anyway. */
  readonly bytes: number;
  load(): RecordBatch;
}

/** An Arrow file's schema and record batches. */
export interface ArrowBlocks {
  readonly schema: Schema;
  readonly blocks: readonly Block[];
}

interface Span {
  readonly offset: number;
  readonly bytes: number;
}

interface Found {
  readonly schema: Schema;
  readonly dictionaries: readonly Span[];
  readonly batches: readonly BatchSpan[];
}

interface BatchSpan extends Span {
  readonly rows: number;
}

const MAGIC = Buffer.from('ARROW1');

/**
 * Finds the record batches of an Arrow IPC file, in the file format or the stream format, without reading them.
 *
 * Errors: `data.truncated-file` (the file ends before its end), `data.broken-file` (not Arrow, or damaged), and those of
 * the file system.
 */
export async function openArrowFile(path: string): Promise<ArrowBlocks> {
  return openWithCodecs(path, false);
}

async function openWithCodecs(path: string, loaded: boolean): Promise<ArrowBlocks> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw asFileError(error, path);
  }
  try {
    const { size } = await file.stat();
    if (size === 0) throw truncated(path, size, 'it is empty');
    const head = await readSpan(file, { offset: 0, bytes: Math.min(8, size) });
    const isFile = head.subarray(0, MAGIC.length).equals(MAGIC);
    const found = isFile ? await findByFooter(file, size, path) : await findInStream(file, size, path);
    const prefix = schemaMessage(found.schema);
    return {
      schema: found.schema,
      blocks: found.batches.map((batch) => ({
        rows: batch.rows,
        bytes: batch.bytes,
        load: () => loadBatch(path, prefix, [...found.dictionaries, batch]),
      })),
    };
  } catch (error) {
    if (loaded || !needsCodecs(error)) throw asBroken(asFileError(error, path), path);
  } finally {
    await file.close();
  }
  await loadCodecs();
  return openWithCodecs(path, true);
}

/** The file format: the footer at its end lists schema, dictionaries and record batches. */
async function findByFooter(file: FileHandle, size: number, path: string): Promise<Found> {
  const tail = await readSpan(file, { offset: Math.max(0, size - MAGIC.length), bytes: Math.min(size, MAGIC.length) });
  if (!tail.equals(MAGIC)) throw truncated(path, size, 'its footer is missing');
  // The reader closes what it is given, so it gets a handle of its own.
  const reader = await RecordBatchReader.from(await open(path, 'r'));
  try {
    await reader.open();
    const { footer } = reader;
    if (footer === null) throw new RangeError('no footer');
    const place = (block: { offset: number; metaDataLength: number; bodyLength: number }): Span => {
      const span = { offset: Number(block.offset), bytes: Number(block.metaDataLength) + Number(block.bodyLength) };
      if (span.offset < 0 || span.bytes < 8 || span.offset + span.bytes > size) {
        throw new RangeError(`the footer names bytes ${span.offset} to ${span.offset + span.bytes} of ${size}`);
      }
      return span;
    };
    const batches: BatchSpan[] = [];
    for (const block of footer.recordBatches()) {
      const metadata = await readSpan(file, { ...place(block), bytes: Number(block.metaDataLength) });
      const start = metadata.readInt32LE(0) === -1 ? 8 : 4;
      batches.push({ ...place(block), rows: batchRows(Message.decode(metadata.subarray(start))) });
    }
    return { schema: footer.schema, dictionaries: Array.from(footer.dictionaryBatches(), place), batches };
  } finally {
    await reader.cancel();
  }
}

/** The stream format: one message after another, the schema first. */
async function findInStream(file: FileHandle, size: number, path: string): Promise<Found> {
  let schema: Schema | undefined;
  const dictionaries: Span[] = [];
  const batches: BatchSpan[] = [];
  let ended = false;
  let offset = 0;
  while (offset < size && !ended) {
    if (offset + 8 > size) throw truncated(path, size, 'a message is cut off');
    const head = await readSpan(file, { offset, bytes: 8 });
    const modern = head.readInt32LE(0) === -1;
    const start = modern ? 8 : 4;
    const metadataBytes = head.readInt32LE(modern ? 4 : 0);
    if (metadataBytes === 0) {
      ended = true;
      continue;
    }
    if (metadataBytes < 0 || (offset === 0 && metadataBytes > size)) throw new RangeError('not an Arrow stream');
    if (offset + start + metadataBytes > size) throw truncated(path, size, 'a message is cut off');
    const message = Message.decode(await readSpan(file, { offset: offset + start, bytes: metadataBytes }));
    const bytes = start + metadataBytes + Number(message.bodyLength);
    if (!(bytes > 0)) throw new RangeError('a message of negative length');
    if (offset + bytes > size) throw truncated(path, size, 'a record batch is cut off');
    if (message.isSchema()) schema = message.header();
    else if (message.isDictionaryBatch()) dictionaries.push({ offset, bytes });
    else batches.push({ offset, bytes, rows: batchRows(message) });
    offset += bytes;
  }
  if (schema === undefined) throw new RangeError('no schema');
  if (!ended) throw truncated(path, size, 'the end of the stream is missing');
  return { schema, dictionaries, batches };
}

function batchRows(message: Message): number {
  if (!message.isRecordBatch()) throw new RangeError('a message that is no record batch');
  const { length, compression } = message.header();
  if (compression !== null) requireCodecs();
  return length;
}

/** Reads a record batch with the dictionaries before it, as a little stream of its own. */
function loadBatch(path: string, schema: Uint8Array, spans: readonly Span[]): RecordBatch {
  try {
    const file = openSync(path, 'r');
    try {
      const parts = spans.map(({ offset, bytes }) => {
        const part = Buffer.allocUnsafeSlow(bytes);
        for (let done = 0; done < bytes; ) {
          const read = readSync(file, part, done, bytes - done, offset + done);
          if (read === 0) throw truncated(path, offset + done, 'a record batch is cut off');
          done += read;
        }
        return part;
      });
      for (const batch of RecordBatchReader.from([schema, ...parts])) return batch;
      throw new RangeError('no record batch');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw asBroken(asFileError(error, path), path);
  }
}

/** The schema as the first message of a stream. */
function schemaMessage(schema: Schema): Uint8Array {
  const queue = new CollectingQueue();
  new RecordBatchStreamWriter().reset(queue, schema);
  return Buffer.concat(queue.take());
}

/** What an Arrow writer writes, to be taken away piece by piece. */
export class CollectingQueue extends AsyncByteQueue {
  #pieces: Uint8Array[] = [];

  override write(value: Uint8Array): void {
    this.#pieces.push(value);
  }

  /** The pieces written since the last call. */
  take(): Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

async function readSpan(file: FileHandle, { offset, bytes }: Span): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, offset + done);
    if (bytesRead === 0) throw new RangeError('the file ended while it was read');
    done += bytesRead;
  }
  return buffer;
}

function truncated(path: string, size: number, what: string): DpoError {
  return new DpoError('data.truncated-file', `${path} is not a whole Arrow file: ${what} (${size} bytes).`, {
    values: { path, bytes: size },
    hint: 'Write or download it again.',
  });
}

/** What the Arrow library throws at damaged bytes, as `data.broken-file`. */
export function asBroken(error: unknown, path: string): unknown {
  if (DpoError.is(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DpoError('data.broken-file', `${path} cannot be read as Arrow: ${reason}.`, {
    values: { path, reason },
    hint: 'The file is damaged or no Arrow IPC file: write or download it again.',
    cause: error,
  });
}
