import { type FileHandle, open } from 'node:fs/promises';
import type { AsyncBuffer } from 'hyparquet';

/** Files up to this size are read as a whole, since the library reads many small ranges. */
const WHOLE_BYTES = 1 << 20;

/** A file that the library reads by ranges. A range beyond the file's end is cut at the end. */
export interface FileRanges extends AsyncBuffer {
  close(): Promise<void>;
}

/** Opens a file for the library, once. @throws the errors of the system, unchanged */
export async function openRanges(path: string): Promise<FileRanges> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const whole = size <= WHOLE_BYTES ? await readRange(file, 0, size) : undefined;
    return {
      byteLength: size,
      async slice(start, end = size) {
        if (whole !== undefined) return whole.slice(start, end);
        const from = Math.min(Math.max(0, start), size);
        return readRange(file, from, Math.max(from, Math.min(end, size)));
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readRange(file: FileHandle, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
    // Another program has shortened the file.
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done === bytes.length ? bytes.buffer : bytes.buffer.slice(0, done);
}
