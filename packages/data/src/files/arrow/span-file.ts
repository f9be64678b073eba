import { DpoError } from '@dpo/base';

/** A place in a file. */
export interface Span {
  readonly offset: number;
  readonly bytes: number;
}

/** A file that is read a span at a time. */
export interface SpanFile {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** The bytes of a span. @throws DpoError `data.truncated-file` when the file is shorter; the errors of files */
  read(span: Span): Promise<Uint8Array>;
  /** The same, synchronously, for rows that are read one by one. Works after {@link close} too. */
  readNow(span: Span): Uint8Array;
  close(): Promise<void>;
}

/** A file whose bytes are in memory. @param path the file, for messages */
export function spansInMemory(whole: Uint8Array, path: string): SpanFile {
  const readNow = ({ offset, bytes }: Span) => {
    if (offset + bytes > whole.length) throw truncatedFile(path, whole.length, 'a part of it is cut off');
    // A copy, since the library reads numbers in place, and an array of its own is aligned.
    return Uint8Array.prototype.slice.call(whole, offset, offset + bytes);
  };
  return { size: whole.length, read: async (span) => readNow(span), readNow, close: async () => undefined };
}

/** The error for a file that is cut short. */
export function truncatedFile(path: string, size: number, what: string): DpoError {
  return new DpoError('data.truncated-file', `${path} is not a whole Arrow file: ${what} (${size} bytes).`, {
    values: { path, bytes: size },
    hint: 'Write or download it again.',
  });
}
