import type { Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import {
  type RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  type RecordBatchWriter,
  type Schema,
} from 'apache-arrow';
import { CollectingQueue } from './blocks.js';
import { type ArrowCompression, compressedWriter, loadCodecs } from './codecs.js';

/** Writes record batches to one Arrow file, one after another. */
export class ArrowFileWriter {
  /** Rows so far. */
  rows = 0;
  /** Bytes on the disk so far. */
  bytes = 0;
  readonly #file: FileHandle;
  readonly #writer: RecordBatchWriter;
  readonly #queue = new CollectingQueue();
  #pendingWrite: Promise<void> = Promise.resolve();

  private constructor(
    file: FileHandle,
    writer: RecordBatchWriter,
    schema: Schema,
    private readonly hash: Hash | undefined,
  ) {
    this.#file = file;
    this.#writer = writer.reset(this.#queue, schema);
  }

  /**
   * Creates the file, in the file format (with a footer) or the stream format. `hash` gets all bytes of the file. Only buffers
   * of the file format can be compressed.
   */
  static async open(
    path: string,
    kind: 'file' | 'stream',
    schema: Schema,
    { hash, compression }: { readonly hash?: Hash; readonly compression?: ArrowCompression | undefined } = {},
  ): Promise<ArrowFileWriter> {
    if (compression !== undefined) await loadCodecs();
    const file = await open(path, 'w');
    return new ArrowFileWriter(file, writerOf(kind, compression), schema, hash);
  }

  /** Adds a record batch. */
  async write(batch: RecordBatch): Promise<void> {
    this.#writer.write(batch);
    this.rows += batch.numRows;
    await this.#drain();
  }

  /** Ends the file and flushes it to disk. The file is closed in any case. */
  async finish(): Promise<void> {
    try {
      this.#writer.finish();
      await this.#drain();
      await this.#pendingWrite;
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  /** Closes the file without an end. */
  async abandon(): Promise<void> {
    await this.#pendingWrite.catch(() => undefined);
    await this.#file.close();
  }

  /** Begins to write the pieces so far, and waits for the pieces before: the disk works while the next batch is made. */
  async #drain(): Promise<void> {
    const pieces = this.#queue.take();
    await this.#pendingWrite;
    this.#pendingWrite = this.#writeAll(pieces);
    // The next call that waits for the write gets the error. Until then the rejection must not count as unhandled.
    this.#pendingWrite.catch(() => undefined);
  }

  async #writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      for (let done = 0; done < piece.byteLength; ) {
        const { bytesWritten } = await this.#file.write(piece, done, piece.byteLength - done);
        done += bytesWritten;
      }
      this.bytes += piece.byteLength;
      this.hash?.update(piece);
    }
  }
}

function writerOf(kind: 'file' | 'stream', compression: ArrowCompression | undefined): RecordBatchWriter {
  if (compression !== undefined) return compressedWriter(compression);
  return kind === 'file' ? new RecordBatchFileWriter() : new RecordBatchStreamWriter();
}

/** Writes all batches to one file in the file format. Returns the number of rows. */
export async function writeArrowFile(
  path: string,
  schema: Schema,
  batches: AsyncIterable<RecordBatch>,
  compression?: ArrowCompression,
): Promise<number> {
  const writer = await ArrowFileWriter.open(path, 'file', schema, { compression });
  try {
    for await (const batch of batches) await writer.write(batch);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  await writer.finish();
  return writer.rows;
}
