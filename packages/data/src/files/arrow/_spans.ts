import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { asFileError, checkEnds } from '@dpo/base/files';
import { type Span, type SpanFile, spansInMemory, truncatedFile } from './span-file.js';

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
  return spansInMemory(whole, path);
}

function largeFile(file: FileHandle, size: number, path: string): SpanFile {
  return {
    size,
    read: (span) => readFrom(file, span, path),
    readNow(span) {
      try {
        const descriptor = openSync(path, 'r');
        try {
          return readNowFrom(descriptor, span, path);
        } finally {
          closeSync(descriptor);
        }
      } catch (error) {
        throw asFileError(error, path);
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
