import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { type CheckpointState, parseCheckpointState, trainerFiles, unreadable } from './checkpoint-state.js';

/**
 * Reads what the checkpoint in a folder says of its run.
 *
 * @throws DpoError `checkpoint.unreadable` when the folder holds no checkpoint, or a checkpoint of a later version
 */
export async function readCheckpointState(path: string): Promise<CheckpointState> {
  const file = join(path, trainerFiles.state);
  const text = await readTextFile(file).catch((cause: unknown) => {
    const fileError = asFileError(cause, file);
    const why = DpoError.is(fileError, 'file.not-found') ? 'is missing' : 'cannot be read';
    throw unreadable(path, `${trainerFiles.state} ${why}`, fileError);
  });
  return parseCheckpointState(text, path);
}
