import { existsSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import {
  type CheckpointState,
  checkCheckpoint,
  findWholeCheckpoint,
  listCheckpoints,
  readMetrics,
  type TornCheckpoint,
} from '@dpo/core';
import type { RunContext } from '../context.js';

/** From where a run goes on. */
export interface Resumption {
  /** The checkpoint's folder. */
  readonly checkpoint: string;
  readonly state: CheckpointState;
  /** Checkpoints in the run's folder that are out of date when the run goes on from here: torn ones, and ones of later steps. */
  readonly beyond: readonly { readonly path: string; readonly why: 'torn' | 'later' }[];
}

/**
 * The checkpoint from which to go on: the checkpoint that `resumeFrom` names, else the newest whole checkpoint of the run's
 * folder. Torn checkpoints are named in notes. Nothing is written.
 *
 * @throws DpoError `run.nothing-to-resume`, `checkpoint.unreadable` for a torn `resumeFrom`, `run.bad-metrics`
 */
export async function findResumption(
  folder: string,
  resumeFrom: string | undefined,
  context: RunContext,
): Promise<Resumption> {
  const { newest, torn } = await findWholeCheckpoint(folder, context.signal);
  for (const { error } of torn) context.note(`Passed over: ${error.message}`);
  const checkpoint = resumeFrom === undefined ? newest : await checkCheckpoint(resumeFrom, context.signal);
  if (checkpoint === undefined) throw await nothingToResume(folder, torn);
  // Damaged metrics are an error before a model is loaded, not after.
  await readMetrics(folder);
  const later = (await listCheckpoints(folder))
    .filter(({ state }) => state !== undefined && state.step > checkpoint.state.step)
    .map(({ path }) => ({ path, why: 'later' as const }));
  const damaged = torn.map(({ path }) => ({ path, why: 'torn' as const }));
  const tornPaths = new Set(damaged.map(({ path }) => path));
  const beyond = [...damaged, ...later.filter(({ path }) => !tornPaths.has(path))];
  if (resumeFrom !== undefined || torn.length > 0)
    context.note(`Going on from ${checkpoint.path}, after step ${checkpoint.state.step}.`);
  return { checkpoint: checkpoint.path, state: checkpoint.state, beyond };
}

async function nothingToResume(folder: string, torn: readonly TornCheckpoint[]): Promise<DpoError> {
  const final = join(folder, 'final');
  // A finished run is refused without --resume too, so leaving the option out would lead back here.
  if (torn.length === 0 && existsSync(final))
    return new DpoError('run.nothing-to-resume', `${folder} holds a finished run, and no checkpoint to go on from.`, {
      values: { folder, final },
      hint: `The trained model is ${final}. To train again, choose another --output, or replace the run by --overwrite.`,
    });
  if (torn.length === 0)
    return new DpoError('run.nothing-to-resume', `${folder} holds no checkpoint to resume from.`, {
      values: { folder },
      hint: 'Leave --resume out to begin the run.',
    });
  const names = torn.map(({ path }) => basename(path)).join(', ');
  return new DpoError('run.nothing-to-resume', `${folder} holds no whole checkpoint: ${names} cannot be read.`, {
    values: { folder, torn: torn.map(({ path }) => path) },
    hint: 'Name a copy of a checkpoint by --resume-from, or begin the run again with --overwrite.',
  });
}

/**
 * Renames the checkpoints that are out of date, so that every `checkpoint-N` is one of the run that goes on. No checkpoint is
 * removed. A note gives each new name.
 *
 * @throws DpoError the codes of `asFileError`
 */
export async function setAside({ beyond }: Pick<Resumption, 'beyond'>, context: RunContext): Promise<void> {
  for (const { path, why } of beyond) {
    const target = await freeName(join(dirname(path), `${why}-${basename(path)}`));
    await rename(path, target).catch((error: unknown) => {
      throw asFileError(error, path);
    });
    context.note(`Kept ${path} as ${target}; remove that folder when it is not needed.`);
  }
}

async function freeName(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = count === 1 ? path : `${path}-${count}`;
    if ((await stat(name).catch(() => undefined)) === undefined) return name;
  }
}
