import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { checkEnds } from '@dpo/base/files';

/** A place in a file. */
export interface Span {
  readonly offset: number;
  readonly bytes: number;
}

/** A file that is read a span at a time. */
export interface SpanFile {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** The bytes of a span. @throws DpoError `data.truncated-file` when the file is shorter; the errors of the system */
  read(span: Span): Promise<Buffer>;
  /** The same, synchronously, for rows that are read one by one. Works after {@link close} too. */
  readNow(span: Span): Buffer;
  close(): Promise<void>;
}

/** Files up to this size stay in memory as a whole: a file has many spans, and each would be a call of the system. */
const WHOLE_BYTES = 1 << 18;

/** Opens a file. @throws the errors of `checkEnds` and of the system, unchanged */
export async function openSpans(path: string): Promise<SpanFile> {
  await checkEnds(path);
  const file = await open(path, 'r');
  let whole: Buffer | undefined;
  try {
    const { size } = await file.stat();
    if (size > WHOLE_BYTES) return largeFile(file, size, path);
    whole = await readFrom(file, { offset: 0, bytes: size }, path);
  } finally {
    if (whole !== undefined) await file.close();
  }
  return fileInMemory(whole, path);
}

function fileInMemory(whole: Buffer, path: string): SpanFile {
  const readNow = ({ offset, bytes }: Span) => {
    if (offset + bytes > whole.length) throw truncatedFile(path, whole.length, 'a part of it is cut off');
    // A copy, since the library reads numbers in place, and a buffer of its own is aligned.
    return Buffer.from(whole.subarray(offset, offset + bytes));
  };
  return { size: whole.length, read: async (span) => readNow(span), readNow, close: async () => undefined };
}

function largeFile(file: FileHandle, size: number, path: string): SpanFile {
  return {
    size,
    read: (span) => readFrom(file, span, path),
    readNow(span) {
      const descriptor = openSync(path, 'r');
      try {
        return readNowFrom(descriptor, span, path);
      } finally {
        closeSync(descriptor);
      }
    },
    close: () => file.close(),
  };
}

async function readFrom(file: FileHandle, { offset, bytes }: Span, path: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, offset + done);
    if (bytesRead === 0) throw truncatedFile(path, offset + done, 'it ended while it was read');
    done += bytesRead;
  }
  return buffer;
}

function readNowFrom(file: number, { offset, bytes }: Span, path: string): Buffer {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  for (let done = 0; done < bytes; ) {
    const count = readSync(file, buffer, done, bytes - done, offset + done);
    if (count === 0) throw truncatedFile(path, offset + done, 'a record batch is cut off');
    done += count;
  }
  return buffer;
}

/** The error for a file that is cut short. */
export function truncatedFile(path: string, size: number, what: string): DpoError {
  return new DpoError('data.truncated-file', `${path} is not a whole Arrow file: ${what} (${size} bytes).`, {
    values: { path, bytes: size },
    hint: 'Write or download it again.',
  });
}
