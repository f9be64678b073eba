import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asFileError } from '../file-error.js';
import { cannotMake, nearestFolder } from './make-folder.js';
import { leftoverName } from './unfinished.js';

/**
 * Checks that entries can be created in a folder, or in the nearest folder above a missing one, by creating an entry and removing
 * it.
 *
 * @throws DpoError `file.no-access`, `file.disk-full`, `file.cannot-make`, … with the path of the folder
 */
export async function proveWritable(folder: string): Promise<void> {
  const { nearest, missing } = await nearestFolder(folder);
  const entry = leftoverName(join(nearest, 'dpo'));
  await mkdir(entry).catch((error: unknown) => {
    throw cannotMake(error, missing[0] ?? folder);
  });
  await rmdir(entry).catch((error: unknown) => {
    throw asFileError(error, folder);
  });
}
