import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openSafetensors } from '@dpo/base/safetensors';
import { checkCheckpoint, findWholeCheckpoint, listCheckpoints, type TrainableModel, trainerFiles } from '@dpo/core';

/**
 * The run's checkpoint of the best evaluation, as the newest checkpoint names it; undefined where nothing was evaluated.
 *
 * @throws DpoError `checkpoint.unreadable` when that checkpoint is torn
 */
export async function bestCheckpoint(folder: string): Promise<string | undefined> {
  const { newest } = await findWholeCheckpoint(folder);
  const best = newest?.state.best?.step;
  if (best === undefined) return undefined;
  const found = (await listCheckpoints(folder)).find(({ state }) => state?.step === best);
  return found && (await checkCheckpoint(found.path)).path;
}

/** A checkpoint's model, without the files that are the run's own, with a model card. */
export async function copyTrained(checkpoint: string, folder: string, card: string): Promise<void> {
  const own = new Set<string>(Object.values(trainerFiles));
  await cp(checkpoint, folder, { recursive: true, filter: (path) => !own.has(basename(path)) });
  await writeFile(join(folder, 'README.md'), card);
}

/** Takes a checkpoint's weights into a model, those that were trained. */
export async function readTrained(checkpoint: string, model: Pick<TrainableModel, 'trainable'>): Promise<void> {
  const stored = await openSafetensors(checkpoint);
  try {
    for (const [name, variable] of model.trainable()) variable.write(await stored.read(name));
  } finally {
    await stored.close();
  }
}
