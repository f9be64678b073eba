import { DpoError } from '@dpo/base';
import {
  AsyncByteQueue,
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Schema,
} from 'apache-arrow';
import { concat } from '#bytes';
import { checkContent } from './_content.js';
import { loadCodecs } from './codecs.js';
import { type ArrowContents, type BatchSpan, checkMessage, findMessages, messageHead } from './find.js';
import { readMessage } from './metadata.js';
import type { SpanFile } from './span-file.js';

/** A record batch that is loaded when it is needed. */
export interface Block {
  readonly rows: number;
  /** The bytes that the loaded batch takes; 0 for a batch that is always in memory. */
  readonly bytes: number;
  load(): RecordBatch;
}

/** An Arrow file's schema and record batches. */
export interface ArrowBlocks {
  readonly schema: Schema;
  readonly blocks: readonly Block[];
}

/**
 * Finds the record batches of an Arrow IPC file, in the file format or the stream format, without reading the batches. The
 * structure is checked before the Arrow library gets any part of the file, and each batch again when it is loaded: the library
 * trusts the lengths in the file, whatever memory they take.
 *
 * @param path the file, for messages
 * @throws DpoError `data.truncated-file` (cut short), `data.broken-file` (not Arrow, or damaged), and the errors of the file
 */
export async function arrowBlocks(file: SpanFile, path: string): Promise<ArrowBlocks> {
  try {
    const contents = await findMessages(file, path);
    if (contents.compressed) await loadCodecs();
    const prefix = schemaMessage(contents.schema);
    return {
      schema: contents.schema,
      blocks: contents.batches.map((batch) => ({
        rows: batch.rows,
        bytes: batch.bytes,
        load: () => loadBatch(file, path, prefix, contents, batch),
      })),
    };
  } catch (error) {
    throw asBroken(error, path);
  } finally {
    await file.close();
  }
}

/** Reads a record batch, with the dictionaries before it, as a small stream of its own. */
function loadBatch(
  file: SpanFile,
  path: string,
  schema: Uint8Array,
  contents: ArrowContents,
  batch: BatchSpan,
): RecordBatch {
  try {
    const spans = [...contents.dictionaries.slice(0, batch.dictionaries), batch];
    const parts = spans.map((span) => {
      const part = file.readNow(span);
      const { start, bytes } = messageHead(part);
      const message = readMessage(part.subarray(start, start + bytes));
      const body = part.subarray(start + bytes);
      if (body.length !== message.bodyBytes) throw new RangeError('the length of a record batch has changed');
      checkMessage(message, contents.fields, body);
      return part;
    });
    for (const recordBatch of RecordBatchReader.from([schema, ...parts])) {
      checkContent(recordBatch);
      return recordBatch;
    }
    throw new RangeError('no record batch');
  } catch (error) {
    throw asBroken(error, path);
  }
}

/** The schema as the first message of a stream. */
function schemaMessage(schema: Schema): Uint8Array {
  const queue = new CollectingQueue();
  new RecordBatchStreamWriter().reset(queue, schema);
  return concat(queue.take());
}

/** Collects the output of an Arrow writer, to be taken piece by piece. */
export class CollectingQueue extends AsyncByteQueue {
  #pieces: Uint8Array[] = [];

  override write(value: Uint8Array): void {
    this.#pieces.push(value);
  }

  /** Takes the pieces since the last call. */
  take(): Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

/** An error of the Arrow library at damaged bytes, as `data.broken-file`. A DpoError stays unchanged. */
export function asBroken(error: unknown, path: string): unknown {
  if (DpoError.is(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DpoError('data.broken-file', `${path} cannot be read as Arrow: ${reason}.`, {
    values: { path, reason },
    hint: 'The file is damaged, or no Arrow IPC file: write or download it again.',
    cause: error,
  });
}
