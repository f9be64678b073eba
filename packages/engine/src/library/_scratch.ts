import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asFileError, leftoverName, makeFolder } from '@dpo/base/files';

/** Makes a folder for one installation. Its name says whose it is, for `removeLeftovers`. */
export async function makeScratch(cache: string): Promise<string> {
  try {
    await makeFolder(cache);
    const scratch = leftoverName(join(cache, 'install'));
    await mkdir(scratch);
    return scratch;
  } catch (error) {
    throw asFileError(error, cache);
  }
}
