import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import {
  AsyncByteQueue,
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Schema,
} from 'apache-arrow';
import { checkContent } from './_content.js';
import { openSpans, type SpanFile } from './_spans.js';
import { loadCodecs } from './codecs.js';
import { type BatchSpan, checkMessage, type Found, findMessages, messageHead } from './find.js';
import { readMessage } from './metadata.js';

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

/**
 * Finds the record batches of an Arrow IPC file, in the file format or the stream format, without reading them. The whole
 * structure is checked before the Arrow library is given anything of it, each batch again when it is read: the library takes
 * lengths as the file says them, whatever memory that means.
 *
 * @throws DpoError `data.truncated-file` (the file ends before its end), `data.broken-file` (not Arrow, or damaged), and those of
 * the file system
 */
export async function openArrowFile(path: string): Promise<ArrowBlocks> {
  let file: SpanFile;
  try {
    file = await openSpans(path);
  } catch (error) {
    throw asFileError(error, path);
  }
  try {
    const found = await findMessages(file, path);
    if (found.compressed) await loadCodecs();
    const prefix = schemaMessage(found.schema);
    return {
      schema: found.schema,
      blocks: found.batches.map((batch) => ({
        rows: batch.rows,
        bytes: batch.bytes,
        load: () => loadBatch(file, path, prefix, found, batch),
      })),
    };
  } catch (error) {
    throw asBroken(asFileError(error, path), path);
  } finally {
    await file.close();
  }
}

/** Reads a record batch with the dictionaries before it, as a little stream of its own. */
function loadBatch(file: SpanFile, path: string, schema: Uint8Array, found: Found, batch: BatchSpan): RecordBatch {
  try {
    const spans = [...found.dictionaries.slice(0, batch.dictionaries), batch];
    const parts = spans.map((span) => {
      const part = file.readNow(span);
      const { start, bytes } = messageHead(part);
      const message = readMessage(part.subarray(start, start + bytes));
      const body = part.subarray(start + bytes);
      if (body.length !== message.bodyBytes) throw new RangeError('a record batch has changed its length');
      checkMessage(message, found.fields, body);
      return part;
    });
    for (const read of RecordBatchReader.from([schema, ...parts])) {
      checkContent(read);
      return read;
    }
    throw new RangeError('no record batch');
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
