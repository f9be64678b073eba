import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import type { CheckpointState } from './checkpoint-state.js';
import { readCheckpointState } from './read-checkpoint-state.js';

const FOLDER = /^checkpoint-(\d+)$/;

/** A folder of a run whose name is a checkpoint's. */
export interface ListedCheckpoint {
  readonly path: string;
  /** The step in the checkpoint's state. When no state can be read, the number in the folder's name. */
  readonly step: number;
  /** What the checkpoint says of its run; undefined when its state cannot be read. */
  readonly state: CheckpointState | undefined;
}

/** The checkpoints of a run's folder, the oldest first. A folder that does not exist has none. */
export async function listCheckpoints(folder: string): Promise<ListedCheckpoint[]> {
  const folders = (await namesIn(folder)).flatMap((name) => {
    const number = FOLDER.exec(name)?.[1];
    return number === undefined ? [] : [{ path: join(folder, name), number: Number(number) }];
  });
  const checkpoints = await Promise.all(
    folders.map(async ({ path, number }) => {
      const state = await readCheckpointState(path).catch(asUnreadable);
      return { path, step: state?.step ?? number, state };
    }),
  );
  return checkpoints.sort((a, b) => a.step - b.step);
}

/**
 * The folder of the latest checkpoint, or undefined when there is none. The checkpoint may be torn: `findWholeCheckpoint`
 * checks that.
 */
export async function latestCheckpoint(folder: string): Promise<string | undefined> {
  return (await listCheckpoints(folder)).at(-1)?.path;
}

function asUnreadable(error: unknown): undefined {
  if (!DpoError.is(error, 'checkpoint.unreadable')) throw error;
}

/** The names in a folder; none when the folder does not exist. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    const fileError = asFileError(error, folder);
    if (DpoError.is(fileError, 'file.not-found')) return [];
    throw fileError;
  });
}
