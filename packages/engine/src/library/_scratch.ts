import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asFileError, leftoverName, makeFolder } from '@dpo/base/files';

/** Makes a folder for one installation. The folder's name tells `removeLeftovers` which process owns it. */
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
