import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import type { CheckpointState } from './checkpoint-state.js';
import { readCheckpointState } from './read-checkpoint-state.js';

const FOLDER = /^checkpoint-(\d+)$/;

/** A folder of a run that is called as checkpoints are. */
export interface ListedCheckpoint {
  readonly path: string;
  /** The step that the checkpoint's state says; the number in its name only where no state can be read. */
  readonly step: number;
  /** What the checkpoint says of its run; undefined where that cannot be read. */
  readonly state: CheckpointState | undefined;
}

/** The checkpoints of a run's folder, oldest first. A folder that is not there has none. */
export async function listCheckpoints(folder: string): Promise<ListedCheckpoint[]> {
  const listed = (await namesIn(folder)).flatMap((name) => {
    const number = FOLDER.exec(name)?.[1];
    return number === undefined ? [] : [{ path: join(folder, name), number: Number(number) }];
  });
  const read = await Promise.all(
    listed.map(async ({ path, number }) => {
      const state = await readCheckpointState(path).catch(asUnreadable);
      return { path, step: state?.step ?? number, state };
    }),
  );
  return read.sort((a, b) => a.step - b.step);
}

/**
 * The folder of the latest step, or undefined where there is none. Whether the checkpoint in it is whole,
 * `findWholeCheckpoint` finds out.
 */
export async function latestCheckpoint(folder: string): Promise<string | undefined> {
  return (await listCheckpoints(folder)).at(-1)?.path;
}

function asUnreadable(error: unknown): undefined {
  if (!DpoError.is(error, 'checkpoint.unreadable')) throw error;
}

/** The names in a folder; none where it is not there. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    const known = asFileError(error, folder);
    if (DpoError.is(known, 'file.not-found')) return [];
    throw known;
  });
}
