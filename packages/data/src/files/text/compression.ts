import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { Decompress } from 'fzstd';
import { peek } from '../../rows/peek.js';

const READ_BYTES = 1 << 20;
/** Bytes of Zstandard to unpack at once: four bytes can stand for 128 KiB, and a whole piece is unpacked at a time. */
const ZSTD_PIECE = 1 << 12;

type Compression = 'gzip' | 'zstd';

/** The compression by a file's first bytes, whatever its name says; undefined for an uncompressed file. */
export function compressionOf(start: Uint8Array): Compression | undefined {
  const [a, b, c, d] = start;
  if (a === 0x1f && b === 0x8b) return 'gzip';
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  return undefined;
}

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
 * @throws DpoError `data.truncated-file` (cut short), `data.broken-file` (damaged), and the errors of the file system
 */
export async function* readBytes(path: string): AsyncGenerator<Buffer, undefined> {
  const { first, all, close } = await peek(readPieces(path));
  try {
    if (first === undefined) return;
    const compression = compressionOf(first);
    if (compression === 'zstd') yield* unpackZstd(all, path);
    else if (compression === 'gzip') yield* unpackGzip(all, first.length, path);
    else yield* all;
  } finally {
    await close();
  }
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

async function* unpackGzip(source: AsyncIterable<Buffer>, startBytes: number, path: string): AsyncGenerator<Buffer> {
  // A small file unpacks to little, and making room for a MiB would be most of the work.
  const chunkSize = Math.min(READ_BYTES, Math.max(1 << 16, 8 * startBytes));
  const input = Readable.from(source);
  const stream = input.pipe(createGunzip({ chunkSize }));
  input.once('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw asUnpackError(error, path);
  } finally {
    input.destroy();
  }
}

async function* unpackZstd(source: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let output: Buffer[] = [];
  let isAtEnd = false;
  const unpacker = new Decompress((data, final) => {
    if (data.length > 0) output.push(Buffer.from(data));
    isAtEnd = final === true;
  });
  const push = (piece: Uint8Array, final: boolean): Buffer[] => {
    try {
      unpacker.push(piece, final);
    } catch (cause) {
      throw final && /EOF/.test((cause as Error).message)
        ? truncatedFile(path, 'Zstandard', cause)
        : brokenFile(path, 'Zstandard', cause);
    }
    const ready = output;
    output = [];
    return ready;
  };
  for await (const chunk of source)
    for (let at = 0; at < chunk.length; at += ZSTD_PIECE) yield* push(chunk.subarray(at, at + ZSTD_PIECE), false);
  yield* push(new Uint8Array(0), true);
  if (!isAtEnd) throw truncatedFile(path, 'Zstandard');
}

function asUnpackError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR') return truncatedFile(path, 'gzip', error);
  if (typeof code === 'string' && code.startsWith('Z_')) return brokenFile(path, 'gzip', error);
  return error;
}

function truncatedFile(path: string, format: string, cause?: unknown): DpoError {
  return new DpoError('data.truncated-file', `${path} is cut short: the ${format} stream has no end.`, {
    values: { path, format },
    hint: 'Write or download it again.',
    cause,
  });
}

function brokenFile(path: string, format: string, cause: unknown): DpoError {
  return new DpoError('data.broken-file', `${path} cannot be unpacked as ${format}.`, {
    values: { path, format },
    hint: `The file begins like ${format}, and is damaged further on.`,
    cause,
  });
}
