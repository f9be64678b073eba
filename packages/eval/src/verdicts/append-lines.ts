import { type FileHandle, open } from 'node:fs/promises';
import { asFileError, checkEnds } from '@dpo/base/files';
import { isTorn } from './read-lines.js';

/** A file to which lines are added, each a JSON object. */
export interface LineWriter<T> {
  /** Adds a line. Resolves when the line is on the disk; lines stand in the order of the calls. */
  readonly append: (value: T) => Promise<void>;
  /** Waits for all lines and closes the file. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a file for adding lines, and makes the file when there is none. A torn last line is taken off, since the next line would be
 * glued to it. Nothing else in the file is changed.
 *
 * @throws DpoError file errors
 */
export async function appendLines<T>(path: string): Promise<LineWriter<T>> {
  try {
    const file = await open(path, 'a+');
    try {
      await checkEnds(path);
      await mendEnd(file);
    } catch (error) {
      await file.close();
      throw error;
    }
    return writer<T>(file, path);
  } catch (error) {
    throw asFileError(error, path);
  }
}

function writer<T>(file: FileHandle, path: string): LineWriter<T> {
  let last: Promise<void> = Promise.resolve();
  let maybeTorn = false; // whether the file may end in a part of a line
  const write = async (line: string): Promise<void> => {
    try {
      if (maybeTorn) await mendEnd(file);
      maybeTorn = true;
      await file.appendFile(line);
      await file.datasync();
      maybeTorn = false;
    } catch (error) {
      throw asFileError(error, path);
    }
  };
  return {
    append: (value) => {
      const line = `${JSON.stringify(value)}\n`;
      const writing = last.then(() => write(line));
      last = writing.catch(() => undefined); // The caller of `append` hears of the error, and later lines are tried.
      return writing;
    },
    close: async () => {
      await last;
      await file.close();
    },
  };
}

/** Makes the file end in a whole line: takes a torn last line off, or ends a whole last line that lacks its newline. */
async function mendEnd(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const { begins, bytes } = await lastLine(file, size);
  if (bytes.length === 0) return;
  if (isTorn(bytes.toString('utf8'))) await file.truncate(begins);
  else await file.appendFile('\n');
}

/** Bytes that are read at once. */
const PIECE = 65536;

/** What follows the last newline of a file, read from the end in pieces. */
async function lastLine(file: FileHandle, size: number): Promise<{ readonly begins: number; readonly bytes: Buffer }> {
  let bytes = Buffer.alloc(0);
  for (let begins = size; begins > 0; ) {
    const length = Math.min(PIECE, begins);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, begins - length);
    begins -= length;
    const newline = buffer.lastIndexOf(10);
    if (newline >= 0)
      return { begins: begins + newline + 1, bytes: Buffer.concat([buffer.subarray(newline + 1), bytes]) };
    bytes = Buffer.concat([buffer, bytes]);
  }
  return { begins: 0, bytes };
}
