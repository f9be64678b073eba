import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/**
 * Unpacks gzip, also of several members. In browsers `gunzip-in-browsers.ts` takes the place of this file.
 *
 * @param startBytes the bytes of the first piece
 * @throws the errors of zlib (`Z_…`)
 */
export async function* gunzip(source: AsyncIterable<Uint8Array>, startBytes: number): AsyncGenerator<Uint8Array> {
  // A small file unpacks to little, and making room for a MiB would be most of the work.
  const chunkSize = Math.min(1 << 20, Math.max(1 << 16, 8 * startBytes));
  const input = Readable.from(source);
  const stream = input.pipe(createGunzip({ chunkSize }));
  input.once('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } finally {
    input.destroy();
  }
}

/** How an error of {@link gunzip} shows that the bytes are cut short or damaged; undefined for errors of the source. */
export function gzipFault(error: unknown): 'truncated' | 'broken' | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR') return 'truncated';
  return typeof code === 'string' && code.startsWith('Z_') ? 'broken' : undefined;
}
