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

/** Where a run goes on. */
export interface Resumption {
  /** The checkpoint's folder. */
  readonly checkpoint: string;
  readonly state: CheckpointState;
  /** Checkpoints in the run's folder that this one makes out of date: torn ones, and those of later steps. */
  readonly beyond: readonly { readonly path: string; readonly why: 'torn' | 'later' }[];
}

/**
 * The checkpoint from which to go on: the one that `resumeFrom` names, else the newest whole one of the run's folder. Torn ones
 * are named in notes. Nothing is written.
 *
 * @throws DpoError `run.nothing-to-resume`, `checkpoint.unreadable` for the one that is named, `run.bad-metrics`
 */
export async function findResumption(
  folder: string,
  resumeFrom: string | undefined,
  context: RunContext,
): Promise<Resumption> {
  const { newest, torn } = await findWholeCheckpoint(folder, context.signal);
  for (const { error } of torn) context.note(`Passed over: ${error.message}`);
  const chosen = resumeFrom === undefined ? newest : await checkCheckpoint(resumeFrom, context.signal);
  if (chosen === undefined) throw await nothingToResume(folder, torn);
  // Before a model is loaded, not after.
  await readMetrics(folder);
  const later = (await listCheckpoints(folder))
    .filter(({ state }) => state !== undefined && state.step > chosen.state.step)
    .map(({ path }) => ({ path, why: 'later' as const }));
  const broken = torn.map(({ path }) => ({ path, why: 'torn' as const }));
  const tornPaths = new Set(broken.map(({ path }) => path));
  const beyond = [...broken, ...later.filter(({ path }) => !tornPaths.has(path))];
  if (resumeFrom !== undefined || torn.length > 0)
    context.note(`Going on from ${chosen.path}, after step ${chosen.state.step}.`);
  return { checkpoint: chosen.path, state: chosen.state, beyond };
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
 * Renames checkpoints that would be in the way of those to come, so that the run's own are the only ones called
 * `checkpoint-N`. None is removed: what they are called now is said.
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
