import { type FileHandle, open } from 'node:fs/promises';
import { asFileError, checkEnds } from '@dpo/base/files';
import { isTorn } from './read-verdicts.js';
import type { StoredVerdict } from './stored-verdict.js';

/** A file of verdicts that is being added to. */
export interface VerdictWriter {
  /** Adds a line. Resolves when the line is on the disk; lines stand in the order of the calls. */
  readonly append: (verdict: StoredVerdict) => Promise<void>;
  /** Waits for all lines and closes the file. */
  readonly close: () => Promise<void>;
}

/**
 * Opens `verdicts.jsonl` for adding, and makes the file where there is none. Nothing that stands in the file is changed,
 * with one exception: a last line that was cut while it was written is taken off, since the next line would be glued to it.
 *
 * @throws DpoError file errors
 */
export async function appendVerdicts(path: string): Promise<VerdictWriter> {
  try {
    const file = await open(path, 'a+');
    try {
      await checkEnds(path);
      await mendEnd(file);
    } catch (error) {
      await file.close();
      throw error;
    }
    return writer(file, path);
  } catch (error) {
    throw asFileError(error, path);
  }
}

function writer(file: FileHandle, path: string): VerdictWriter {
  let last: Promise<void> = Promise.resolve();
  const write = async (line: string): Promise<void> => {
    try {
      await file.appendFile(line);
      await file.datasync();
    } catch (error) {
      throw asFileError(error, path);
    }
  };
  return {
    append: (verdict) => {
      const line = `${JSON.stringify(verdict)}\n`;
      const written = last.then(() => write(line));
      last = written.catch(() => undefined); // whoever called `append` hears of the error; later lines are tried, too
      return written;
    },
    close: async () => {
      await last;
      await file.close();
    },
  };
}

/** Ends the file in a whole line: takes a torn last line off, and ends a whole one that lacks its newline. */
async function mendEnd(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const { begins, bytes } = await lastLine(file, size);
  if (bytes.length === 0) return;
  if (isTorn(bytes.toString('utf8'))) await file.truncate(begins);
  else await file.appendFile('\n');
}

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
