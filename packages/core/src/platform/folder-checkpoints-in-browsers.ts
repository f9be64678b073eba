import { DpoError } from '@dpo/base';
import type * as node from './folder-checkpoints.js';

/**
 * Stands for the function of Node, since pages have no folders.
 *
 * @throws DpoError `checkpoint.no-folders` always
 */
export const folderStore: typeof node.folderStore = () => {
  throw noFolders();
};

/**
 * Stands for the function of Node, since pages have no folders.
 *
 * @throws DpoError `checkpoint.no-folders` always
 */
export const openFolder: typeof node.openFolder = async () => {
  throw noFolders();
};

function noFolders(): DpoError {
  return new DpoError('checkpoint.no-folders', 'Checkpoints are folders by default, and a browser has no folders.', {
    hint: 'Give checkpoints: { store: byteCheckpoints(memoryFiles()) }, or a store in a directory of the browser by directoryFiles.',
  });
}
