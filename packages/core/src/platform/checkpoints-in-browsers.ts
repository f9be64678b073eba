import { DpoError } from '@dpo/base';
import type * as files from './checkpoints.js';

/** Checkpoints are folders, which pages have not. @throws DpoError `checkpoint.no-folders` */
export const saveCheckpoint: typeof files.saveCheckpoint = async () => {
  throw noFolders();
};

/** @throws DpoError `checkpoint.no-folders` */
export const restoreCheckpoint: typeof files.restoreCheckpoint = async () => {
  throw noFolders();
};

function noFolders(): DpoError {
  return new DpoError('checkpoint.no-folders', 'Checkpoints are folders, and a browser has none.', {
    hint: 'Leave out checkpoints and resume, and keep the values of model.trainable() by code of your own.',
  });
}
