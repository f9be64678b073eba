import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { asFileError } from '../file-error.js';
import { diskFolder } from '../files/disk-folder.js';
import { openSafetensorsIn, type Safetensors } from './read.js';

/**
 * Opens a `.safetensors` file, a `…safetensors.index.json`, or a folder with either, as {@link openSafetensorsIn} opens folders.
 *
 * @throws DpoError the errors of {@link openSafetensorsIn}, and the errors of files
 */
export async function openSafetensors(pathOrFolder: string): Promise<Safetensors> {
  const stats = await stat(pathOrFolder).catch((error: unknown) => {
    throw asFileError(error, pathOrFolder);
  });
  if (stats.isDirectory()) return openSafetensorsIn(diskFolder(pathOrFolder));
  return openSafetensorsIn(diskFolder(dirname(pathOrFolder)), basename(pathOrFolder));
}
