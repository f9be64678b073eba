import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checkCheckpoint, findWholeCheckpoint, listCheckpoints, readCheckpointState } from '@dpo/core';

/**
 * The run's checkpoint of the best evaluation, as the newest checkpoint names it; undefined where nothing was evaluated.
 *
 * @throws DpoError `checkpoint.unreadable` where that checkpoint is torn
 */
export async function bestCheckpoint(folder: string): Promise<string | undefined> {
  const { newest } = await findWholeCheckpoint(folder);
  const best = newest?.state.best?.step;
  if (best === undefined) return undefined;
  for (const { path } of await listCheckpoints(folder)) {
    const state = await readCheckpointState(path).catch(() => undefined);
    if (state?.step === best) return (await checkCheckpoint(path)).path;
  }
  return undefined;
}

/** A checkpoint's weights and their files, without the optimizer's state, with a model card. */
export async function copyTrained(checkpoint: string, folder: string, card: string): Promise<void> {
  const own = new Set(['optimizer.safetensors', 'trainer_state.json']);
  await cp(checkpoint, folder, { recursive: true, filter: (path) => !own.has(basename(path)) });
  await writeFile(join(folder, 'README.md'), card);
}
