import type * as node from './gunzip.js';

/** An error of the browser's decompressor. */
class GzipError extends Error {}

/** Unpacks gzip of one member. @throws GzipError, and the errors of the source */
export const gunzip: typeof node.gunzip = async function* (source) {
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  let sourceError: unknown;
  const feed = async (): Promise<void> => {
    try {
      for await (const piece of source) await writer.write(piece as Uint8Array<ArrayBuffer>);
    } catch (error) {
      sourceError = error;
    }
    await writer.close();
  };
  const end = feed().catch(() => undefined); // The reader has the same error.
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value as Uint8Array;
    }
  } catch (cause) {
    throw sourceError ?? new GzipError((cause as Error).message, { cause });
  } finally {
    // A reader who leaves early ends the source too.
    await reader.cancel().catch(() => undefined);
  }
  await end;
  if (sourceError !== undefined) throw sourceError;
};

/** How an error of {@link gunzip} shows that the bytes are cut short or damaged; undefined for errors of the source. */
export const gzipFault: typeof node.gzipFault = (error) => {
  if (!(error instanceof GzipError)) return undefined;
  return /truncated|unexpected end|too short/i.test(error.message) ? 'truncated' : 'broken';
};
