import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import { latestCheckpoint, readMetrics } from '@dpo/core';

/** What `config.json` of a run folder says: all that the run depended on. */
export interface RunConfig {
  readonly command: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly steps: number;
  readonly model: { readonly name: string; readonly parameters: number; readonly trained: number };
  readonly dataset: { readonly path: string; readonly rows: number; readonly fingerprint: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly engine: string;
}

/** Options that may differ between a run and its continuation: they do not change what is computed. */
const free = new Set([
  'tokenCache',
  ...[
    'output',
    'resume',
    'overwrite',
    'config',
    'saveSteps',
    'evalSteps',
    'evalData',
    'evalMetric',
    'patience',
    'minDelta',
  ],
  ...['loadBest', 'maxTime', 'keepCheckpoints', 'tensorboard', 'evalSamples', 'evalSampleTokens'],
  ...['engine', 'threads', 'device', 'memoryLimit', 'xla', 'activationCheckpointing'],
]);

/**
 * Checks the place of a run before anything is loaded, and writes nothing. A finished run is an error unless it is to be
 * replaced; to be resumed, there must be a checkpoint, which is returned.
 */
export async function claimRunFolder(
  folder: string,
  { resume, overwrite }: { readonly resume: boolean; readonly overwrite: boolean },
): Promise<string | undefined> {
  const there = await stat(folder).catch(() => undefined);
  if (there !== undefined && !there.isDirectory())
    throw new DpoError('run.not-a-folder', `${folder} is a file; --output must be a folder.`, { values: { folder } });
  const checkpoint = await latestCheckpoint(folder);
  if (resume) {
    if (checkpoint !== undefined) return checkpoint;
    throw new DpoError('run.nothing-to-resume', `${folder} holds no checkpoint to resume from.`, {
      values: { folder },
      hint: 'Leave --resume out to begin the run.',
    });
  }
  const started = checkpoint !== undefined || (await readMetrics(folder)).length > 0;
  if (!started) return undefined;
  if (!overwrite)
    throw new DpoError('run.exists', `${folder} holds a run already.`, {
      values: { folder },
      hint: 'Choose another --output, go on with it by --resume, or replace it by --overwrite.',
    });
  return undefined;
}

/** Removes the run that `--overwrite` replaces: only once all that the new one needs is known to be good. */
export async function clearRunFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** What a run and its continuation must have in common; known before anything large is opened. */
export interface RunIdentity {
  readonly options: Readonly<Record<string, unknown>>;
  readonly dataset: { readonly fingerprint: string };
}

/** Throws `run.changed` with the list of what differs, where a resumed run is not the run that was begun. */
export async function checkSameRun(folder: string, now: RunIdentity): Promise<void> {
  const path = join(folder, 'config.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const then = JSON.parse(text) as RunConfig;
  const steps = now.options.schedule === 'constant' ? new Set(['maxSteps', 'epochs']) : new Set<string>();
  const keys = new Set([...Object.keys(then.options), ...Object.keys(now.options)]);
  const changed = [...keys]
    .filter((key) => !free.has(key) && !steps.has(key))
    .filter((key) => JSON.stringify(then.options[key]) !== JSON.stringify(now.options[key]))
    .map((key) => `${key} was ${JSON.stringify(then.options[key])}, is ${JSON.stringify(now.options[key])}`);
  if (then.dataset.fingerprint !== now.dataset.fingerprint) changed.push('the data have other content');
  if (changed.length === 0) return;
  throw new DpoError(
    'run.changed',
    `The run in ${folder} cannot be resumed with another configuration: ${changed.join('; ')}.`,
    {
      values: { folder, changed },
      hint: 'Give the options that it was begun with, or begin a new run in another folder.',
    },
  );
}
