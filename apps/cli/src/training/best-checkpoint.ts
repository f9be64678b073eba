import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { latestCheckpoint, listCheckpoints, readCheckpointState } from '@dpo/core';

/** The run's checkpoint of the best evaluation, as the latest checkpoint names it; undefined where nothing was evaluated. */
export async function bestCheckpoint(folder: string): Promise<string | undefined> {
  const latest = await latestCheckpoint(folder);
  if (latest === undefined) return undefined;
  const { best } = await readCheckpointState(latest);
  return (await listCheckpoints(folder)).find(({ step }) => step === best?.step)?.path;
}

/** A checkpoint's weights and their files, without the optimizer's state, with a model card. */
export async function copyTrained(checkpoint: string, folder: string, card: string): Promise<void> {
  const own = new Set(['optimizer.safetensors', 'trainer_state.json']);
  await cp(checkpoint, folder, { recursive: true, filter: (path) => !own.has(basename(path)) });
  await writeFile(join(folder, 'README.md'), card);
}
