import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { checkEnds } from '@dpo/base/files';

/** A place in a file. */
export interface Span {
  readonly offset: number;
  readonly bytes: number;
}

/** A file that is read by places. */
export interface SpanFile {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** @throws those of the system, `data.truncated-file` when the file ends before */
  read(span: Span): Promise<Buffer>;
  /** The same without waiting, also when the file is closed: rows are read when they are asked for. */
  readNow(span: Span): Buffer;
  close(): Promise<void>;
}

/** Files up to here are read once, as a whole, and held: a file has many places, and each would be a call of the system. */
const WHOLE_BYTES = 1 << 18;

/** Opens a file. @throws those of `checkEnds` and of the system, as they come */
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
  return heldFile(whole, path);
}

function heldFile(whole: Buffer, path: string): SpanFile {
  const readNow = ({ offset, bytes }: Span) => {
    if (offset + bytes > whole.length) throw truncated(path, whole.length, 'a part of it is cut off');
    // The library looks at numbers where they are, which asks for the alignment that a buffer of its own has.
    return Buffer.from(whole.subarray(offset, offset + bytes));
  };
  return { size: whole.length, read: async (span) => readNow(span), readNow, close: async () => undefined };
}

function largeFile(file: FileHandle, size: number, path: string): SpanFile {
  return {
    size,
    read: (span) => readFrom(file, span, path),
    readNow(span) {
      const opened = openSync(path, 'r');
      try {
        return readNowFrom(opened, span, path);
      } finally {
        closeSync(opened);
      }
    },
    close: () => file.close(),
  };
}

async function readFrom(file: FileHandle, { offset, bytes }: Span, path: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, offset + done);
    if (bytesRead === 0) throw truncated(path, offset + done, 'it ended while it was read');
    done += bytesRead;
  }
  return buffer;
}

function readNowFrom(file: number, { offset, bytes }: Span, path: string): Buffer {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  for (let done = 0; done < bytes; ) {
    const read = readSync(file, buffer, done, bytes - done, offset + done);
    if (read === 0) throw truncated(path, offset + done, 'a record batch is cut off');
    done += read;
  }
  return buffer;
}

/** The error for a file that ends before its end. */
export function truncated(path: string, size: number, what: string): DpoError {
  return new DpoError('data.truncated-file', `${path} is not a whole Arrow file: ${what} (${size} bytes).`, {
    values: { path, bytes: size },
    hint: 'Write or download it again.',
  });
}
