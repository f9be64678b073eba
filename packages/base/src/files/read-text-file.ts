import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DpoError } from '../error.js';
import { asFileError } from '../file-error.js';
import { systemCode } from './_system-code.js';

/**
 * Throws where a path leads to something that may never end: a named pipe waits for a writer already when it is opened, where
 * no signal reaches the waiting, and devices such as `/dev/zero` have no end. A pipe that the shell made (`/dev/stdin`,
 * `<(…)`) has a writer and passes.
 *
 * @throws DpoError `file.not-a-file`; errors of the system as they come
 */
export async function checkEnds(path: string): Promise<void> {
  const stats = await stat(path);
  if (stats.isFile() || stats.isDirectory()) return;
  if (stats.isFIFO() && /^\/(dev|proc)\//.test(resolve(path))) return;
  const what = stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device';
  throw new DpoError('file.not-a-file', `${path} is ${what} where a file is needed.`, {
    values: { path },
    hint: 'Write what is to be read into a file first.',
  });
}

/**
 * The text of a file, in UTF-8.
 *
 * @throws those of {@link checkEnds}; errors of the system as they come
 */
export async function readTextFile(path: string): Promise<string> {
  await checkEnds(path);
  return readFile(path, 'utf8');
}

/**
 * The text of a file, or undefined where there is none.
 *
 * @throws DpoError the file errors of {@link asFileError}, with the path
 */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw asFileError(error, path);
  }
}
