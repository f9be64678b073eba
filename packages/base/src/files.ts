import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asFileError } from './file-error.js';

export { asFileError };

/**
 * Writes a file so that it is either whole or not there: `write` fills a temporary file beside the place,
 * which is flushed to disk and renamed into it. On an error the temporary file is removed and the place is as it was.
 *
 * `write` gets the temporary path and must create the file there.
 */
export async function writeFileAtomic(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  await placeAtomic(path, write, flushFile);
}

/**
 * Writes a folder so that it is either whole or not there: `write` fills a temporary folder beside the place,
 * whose files are expected to be flushed by their writers; it is renamed into place. An existing folder is moved
 * aside first and removed after the rename.
 */
export async function writeFolderAtomic(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  await placeAtomic(path, async (temporary) => {
    await mkdir(temporary);
    await write(temporary);
  });
}

async function placeAtomic(
  path: string,
  write: (temporary: string) => Promise<void>,
  flush?: (temporary: string) => Promise<void>,
): Promise<void> {
  const parent = dirname(path);
  const temporary = join(parent, `.${basename(path)}.${randomBytes(4).toString('hex')}.partial`);
  try {
    await mkdir(parent, { recursive: true });
    await write(temporary);
    await flush?.(temporary);
    await replace(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw asFileError(error, path);
  }
}

async function replace(temporary: string, path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    const aside = `${temporary}.old`;
    await rename(path, aside);
    await rename(temporary, path);
    await rm(aside, { recursive: true, force: true });
  } else {
    await rename(temporary, path);
  }
}

/** Flushes a file's content to disk. */
export async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
