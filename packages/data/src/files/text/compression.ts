import { type FileHandle, open } from 'node:fs/promises';
import { asFileError } from '@dpo/base/files';
import { unpack } from './unpack.js';

const READ_BYTES = 1 << 20;

/** A file's first bytes, not unpacked. @throws DpoError the errors of the file system */
export async function firstBytes(path: string, count: number): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asFileError(error, path);
  }
}

/**
 * A file's bytes, a piece at a time. Files of gzip (also of several members) or Zstandard are unpacked on the way. The file is
 * opened once.
 *
 * @throws DpoError the errors of {@link unpack}, and the errors of the file system
 */
export function readBytes(path: string): AsyncGenerator<Uint8Array, undefined> {
  return unpack(readPieces(path), path);
}

async function* readPieces(path: string): AsyncGenerator<Buffer, undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat();
    for (let remaining = size; remaining > 0; ) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(Math.min(READ_BYTES, remaining)));
      // Another program has shortened the file.
      if (bytesRead === 0) return;
      remaining -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw asFileError(error, path);
  } finally {
    await file?.close();
  }
}
