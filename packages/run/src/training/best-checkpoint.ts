import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openSafetensors } from '@dpo/base/safetensors';
import { checkCheckpoint, findWholeCheckpoint, listCheckpoints, type TrainableModel, trainerFiles } from '@dpo/core';

/**
 * The checkpoint of the best evaluation, whose step the newest checkpoint holds. Undefined when nothing was evaluated.
 *
 * @throws DpoError `checkpoint.unreadable` when the checkpoint is torn
 */
export async function bestCheckpoint(folder: string): Promise<string | undefined> {
  const { newest } = await findWholeCheckpoint(folder);
  const best = newest?.state.best?.step;
  if (best === undefined) return undefined;
  const checkpoint = (await listCheckpoints(folder)).find(({ state }) => state?.step === best);
  return checkpoint && (await checkCheckpoint(checkpoint.path)).path;
}

/** Copies a checkpoint's model into a folder, without the trainer's files, and adds a model card. */
export async function copyTrained(checkpoint: string, folder: string, card: string): Promise<void> {
  const skip = new Set<string>(Object.values(trainerFiles));
  await cp(checkpoint, folder, { recursive: true, filter: (path) => !skip.has(basename(path)) });
  await writeFile(join(folder, 'README.md'), card);
}

/** Reads the weights that were trained from a checkpoint into a model. */
export async function readTrained(checkpoint: string, model: Pick<TrainableModel, 'trainable'>): Promise<void> {
  const weights = await openSafetensors(checkpoint);
  try {
    for (const [name, variable] of model.trainable()) variable.write(await weights.read(name));
  } finally {
    await weights.close();
  }
}
