import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DpoError } from './error.js';

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

/** A file-system error as a {@link DpoError} (`file.not-found`, `file.no-access`, `file.disk-full`, …) that names the path. */
export function asFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || DpoError.is(error)) return error;
  const known: Record<string, readonly [string, string, string]> = {
    ENOENT: ['file.not-found', 'does not exist', 'Check the path.'],
    EACCES: [
      'file.no-access',
      'cannot be accessed: permission denied',
      'Choose another place or change its permissions.',
    ],
    EPERM: [
      'file.no-access',
      'cannot be accessed: operation not permitted',
      'Choose another place or change its permissions.',
    ],
    EROFS: ['file.no-access', 'cannot be written: the file system is read-only', 'Choose another place.'],
    ENOSPC: ['file.disk-full', 'cannot be written: the disk is full', 'Free some space and run the command again.'],
    ENOTDIR: ['file.not-a-folder', 'has a file where a folder is needed', 'Check the path.'],
    EISDIR: ['file.not-a-file', 'is a folder where a file is needed', 'Check the path.'],
    EEXIST: ['file.exists', 'is in the way', 'Choose another place or remove it.'],
  };
  const entry = known[String(error.code)];
  if (entry === undefined) return error;
  const [code, what, hint] = entry;
  return new DpoError(code, `${path} ${what}.`, { values: { path, system: error.code }, hint, cause: error });
}
