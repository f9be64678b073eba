import { asFileError } from '@dpo/base/files';
import { openSpans } from './_spans.js';
import { type ArrowBlocks, arrowBlocks } from './blocks.js';

/**
 * Opens an Arrow IPC file on disk.
 *
 * @throws DpoError the errors of {@link arrowBlocks}, and the errors of the file system
 */
export async function openArrowFile(path: string): Promise<ArrowBlocks> {
  try {
    return await arrowBlocks(await openSpans(path), path);
  } catch (error) {
    throw asFileError(error, path);
  }
}
