import { DpoError } from '@dpo/base';
import { Decompress } from 'fzstd';
import { gunzip, gzipFault } from '#gunzip';
import { peek } from '../../rows/peek.js';

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

/**
 * A file's bytes, a piece at a time. Files of gzip or Zstandard are unpacked on the way.
 *
 * @param pieces the file's bytes as they are
 * @param path the file, for messages
 * @throws DpoError `data.truncated-file` (cut short), `data.broken-file` (damaged), and the errors of `pieces`
 */
export async function* unpack(
  pieces: AsyncGenerator<Uint8Array, undefined>,
  path: string,
): AsyncGenerator<Uint8Array, undefined> {
  const { first, all, close } = await peek(pieces);
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

async function* unpackGzip(
  source: AsyncIterable<Uint8Array>,
  startBytes: number,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* gunzip(source, startBytes);
  } catch (error) {
    const fault = gzipFault(error);
    if (fault === undefined) throw error;
    throw fault === 'truncated' ? truncatedFile(path, 'gzip', error) : brokenFile(path, 'gzip', error);
  }
}

async function* unpackZstd(source: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  let output: Uint8Array[] = [];
  let isAtEnd = false;
  const unpacker = new Decompress((data, final) => {
    if (data.length > 0) output.push(data.slice());
    isAtEnd = final === true;
  });
  const push = (piece: Uint8Array, final: boolean): Uint8Array[] => {
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
