import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { Decompress } from 'fzstd';

const READ_BYTES = 1 << 20;
/** Zstandard is unpacked in pieces: four bytes of it can stand for 128 KiB, and all of a piece comes out at once. */
const ZSTD_PIECE = 1 << 12;

type Compression = 'gzip' | 'zstd';

/** The compression that a file's first bytes show, whatever its name says. */
export function compressionOf(start: Uint8Array): Compression | undefined {
  const [a, b, c, d] = start;
  if (a === 0x1f && b === 0x8b) return 'gzip';
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  return undefined;
}

/** A file's first bytes, as they are stored. Errors: those of the file system. */
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
 * A file's bytes, a piece at a time, unpacked on the way where they are gzip (of several members too) or Zstandard.
 *
 * @throws `data.truncated-file` (cut short), `data.broken-file` (damaged), those of the file system
 */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const compression = compressionOf(await firstBytes(path, 4));
  if (compression === 'zstd') yield* unpackZstd(path);
  else yield* readPieces(path, compression === 'gzip');
}

/** The first of a file's bytes, unpacked where they are compressed: at most a MiB. Errors: those of {@link readBytes}. */
export async function unpackedStart(path: string): Promise<Buffer> {
  for await (const chunk of readBytes(path)) return chunk;
  return Buffer.alloc(0);
}

async function* readPieces(path: string, zipped: boolean): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  const stream = zipped ? file.pipe(createGunzip({ chunkSize: READ_BYTES })) : file;
  if (zipped) file.once('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw asReadError(error, path);
  } finally {
    file.destroy();
  }
}

async function* unpackZstd(path: string): AsyncGenerator<Buffer> {
  let unpacked: Buffer[] = [];
  let ended = false;
  const unpacker = new Decompress((data, final) => {
    if (data.length > 0) unpacked.push(Buffer.from(data));
    ended = final === true;
  });
  const push = (piece: Uint8Array, final: boolean): Buffer[] => {
    try {
      unpacker.push(piece, final);
    } catch (cause) {
      throw final && /EOF/.test((cause as Error).message)
        ? truncated(path, 'Zstandard', cause)
        : broken(path, 'Zstandard', cause);
    }
    const ready = unpacked;
    unpacked = [];
    return ready;
  };
  for await (const chunk of readPieces(path, false))
    for (let at = 0; at < chunk.length; at += ZSTD_PIECE) yield* push(chunk.subarray(at, at + ZSTD_PIECE), false);
  yield* push(new Uint8Array(0), true);
  if (!ended) throw truncated(path, 'Zstandard');
}

function asReadError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR') return truncated(path, 'gzip', error);
  if (typeof code === 'string' && code.startsWith('Z_')) return broken(path, 'gzip', error);
  return asFileError(error, path);
}

function truncated(path: string, format: string, cause?: unknown): DpoError {
  return new DpoError('data.truncated-file', `${path} is cut short: the ${format} stream has no end.`, {
    values: { path, format },
    hint: 'Write or download it again.',
    cause,
  });
}

function broken(path: string, format: string, cause: unknown): DpoError {
  return new DpoError('data.broken-file', `${path} cannot be unpacked as ${format}.`, {
    values: { path, format },
    hint: `The file begins as ${format} does and is damaged further on.`,
    cause,
  });
}
