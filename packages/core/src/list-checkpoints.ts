import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';

const FOLDER = /^checkpoint-(\d+)$/;

/** The checkpoints of a run's folder, oldest first. A folder that is not there has none. */
export async function listCheckpoints(folder: string): Promise<{ readonly step: number; readonly path: string }[]> {
  const names = await namesIn(folder);
  return names
    .flatMap((name) => {
      const step = FOLDER.exec(name)?.[1];
      return step === undefined ? [] : [{ step: Number(step), path: join(folder, name) }];
    })
    .sort((a, b) => a.step - b.step);
}

/**
 * The folder of the latest step, or undefined where there is none. Whether the checkpoint in it is whole,
 * `findWholeCheckpoint` finds out.
 */
export async function latestCheckpoint(folder: string): Promise<string | undefined> {
  return (await listCheckpoints(folder)).at(-1)?.path;
}

/** The names in a folder; none where it is not there. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    const known = asFileError(error, folder);
    if (DpoError.is(known, 'file.not-found')) return [];
    throw known;
  });
}
