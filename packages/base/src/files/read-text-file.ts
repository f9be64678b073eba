import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DpoError } from '../error.js';
import { asFileError } from '../file-error.js';
import { systemCode } from './_system-code.js';

/**
 * Refuses a path whose reading may never end. Opening a named pipe waits for a writer, and no signal ends the waiting; devices
 * such as `/dev/zero` have no end. A pipe of the shell (`/dev/stdin`, `<(…)`) has a writer and passes.
 *
 * @throws DpoError `file.not-a-file`; errors of the system unchanged
 */
export async function checkEnds(path: string): Promise<void> {
  const stats = await stat(path);
  if (stats.isFile() || stats.isDirectory()) return;
  if (stats.isFIFO() && /^\/(dev|proc)\//.test(resolve(path))) return;
  const what = stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device';
  throw new DpoError('file.not-a-file', `${path} is ${what} where a file is needed.`, {
    values: { path },
    hint: 'Write the content into a file first.',
  });
}

/**
 * The text of a file, in UTF-8.
 *
 * @throws DpoError the errors of {@link checkEnds}; errors of the system unchanged
 */
export async function readTextFile(path: string): Promise<string> {
  await checkEnds(path);
  return readFile(path, 'utf8');
}

/**
 * The text of a file; undefined for a missing file.
 *
 * @throws DpoError the errors of {@link asFileError}, with the path
 */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw asFileError(error, path);
  }
}
