import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { latestCheckpoint } from '@dpo/core';
import type { storageOf } from '../inputs/frozen-storage.js';
import type { RunIdentity } from './run-identity.js';

/** `config.json` of a run folder: everything that the run depended on. */
export interface RunConfig {
  readonly command: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly steps: number;
  readonly model: {
    readonly name: string;
    readonly parameters: number;
    readonly trained: number;
    /** How the matrices of the base are stored, when an adapter alone is trained. */
    readonly baseDtype?: ReturnType<typeof storageOf> | undefined;
  };
  readonly dataset: { readonly path: string; readonly rows: number; readonly fingerprint: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly engine: string;
  /** Digests of the files that the models were read from. Runs of earlier versions have none. */
  readonly identity?: RunIdentity;
}

/**
 * Checks the folder of a run before anything is loaded, and writes nothing. A run that ended before its first checkpoint has left
 * nothing but records, and is begun again.
 *
 * @throws DpoError `run.exists` when the folder holds a checkpoint or a finished run, unless the caller resumes or replaces the run
 */
export async function claimRunFolder(
  folder: string,
  { resume, overwrite }: { readonly resume: boolean; readonly overwrite: boolean },
): Promise<void> {
  if (resume || overwrite) return;
  const finished = (await stat(join(folder, 'final')).catch(() => undefined)) !== undefined;
  const checkpoint = await latestCheckpoint(folder);
  if (checkpoint === undefined && !finished) return;
  throw new DpoError('run.exists', `${folder} holds a run already.`, {
    values: { folder },
    hint: `Choose another --output${checkpoint === undefined ? '' : ', go on with it by --resume'}, or replace it by --overwrite.`,
  });
}
