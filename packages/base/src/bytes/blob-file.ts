import { DpoError } from '../error.js';
import { type ByteFile, checkRange } from './byte-file.js';

/** The part of a browser's `Blob` or `File` that reading needs. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/**
 * A browser's file, read by position. A read takes the bytes of its range alone into memory.
 *
 * @param path the file's name, for errors
 * @throws DpoError from its reads `file.unreadable` when the browser no longer reads the file: the user has changed, moved or
 * removed it since it was chosen
 */
export function blobFile(path: string, blob: BlobLike): ByteFile {
  const { size } = blob;
  const read = async (offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> => {
    checkRange(path, size, offset, length);
    try {
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    } catch (cause) {
      throw unreadable(path, cause);
    }
  };
  return {
    path,
    size,
    read,
    async readInto(offset, target) {
      for (let done = 0; done < target.length; done += PIECE) {
        const length = Math.min(PIECE, target.length - done);
        target.set(await read(offset + done, length), done);
      }
    },
    close: async () => undefined,
  };
}

/** Bytes of one read: a large tensor is never in memory twice. */
const PIECE = 16 * 1024 * 1024;

function unreadable(path: string, cause: unknown): DpoError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DpoError('file.unreadable', `${path} cannot be read any more: ${reason}`, {
    values: { path, reason },
    hint: 'The file was changed, moved or removed after it was chosen: choose it again.',
    cause,
  });
}
