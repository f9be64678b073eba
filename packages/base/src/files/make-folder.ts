import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DpoError } from '../error.js';
import { asFileError } from '../file-error.js';
import { systemCode } from './_system-code.js';

/**
 * Creates a folder and the missing folders above it, one by one: Node's recursive `mkdir` never returns when a parent takes no
 * folder and reports that it does not exist (`/proc`). Returns the new folders, the outermost first.
 *
 * @throws DpoError `file.cannot-make`, and the errors of {@link asFileError}
 */
export async function makeFolder(path: string): Promise<string[]> {
  const { missing } = await nearestFolder(path);
  const newFolders: string[] = [];
  for (const folder of missing) {
    const isNew = await mkdir(folder).then(
      () => true,
      async (error: unknown) => {
        // Another process created the folder at this moment.
        if (systemCode(error) === 'EEXIST' && (await isFolder(folder))) return false;
        throw cannotMake(error, folder);
      },
    );
    if (isNew) newFolders.push(folder);
  }
  return newFolders;
}

/**
 * The nearest existing folder at or above a path, and the missing folders below it, the outermost first.
 * @throws DpoError `file.not-a-folder`, `file.unreachable`, and the errors of {@link asFileError}
 */
export async function nearestFolder(path: string): Promise<{ readonly nearest: string; readonly missing: string[] }> {
  const missing: string[] = [];
  for (let place = resolve(path); ; place = dirname(place)) {
    const stats = await stat(place).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw asFileError(error, path);
    });
    if (stats?.isDirectory()) return { nearest: place, missing: missing.reverse() };
    if (stats !== undefined)
      throw new DpoError('file.not-a-folder', `${path} has a file where a folder is needed: ${place}.`, {
        values: { path, file: place },
        hint: 'Check the path.',
      });
    if (dirname(place) === place)
      throw new DpoError('file.unreachable', `${path} cannot be reached: there is no ${place}.`, {
        values: { path },
        hint: 'Connect the drive again, or choose another place.',
      });
    missing.push(place);
  }
}

/** The error for an entry that cannot be created in a folder. */
export function cannotMake(error: unknown, path: string): unknown {
  if (systemCode(error) !== 'ENOENT') return asFileError(error, path);
  return new DpoError('file.cannot-make', `${path} cannot be made: ${dirname(path)} takes no files or folders.`, {
    values: { path, system: 'ENOENT' },
    hint: 'Choose a place on a disk that can be written.',
    cause: error,
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
