import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, type FileDigest, fileDigest } from '@dpo/base/files';
import { openSafetensors } from '@dpo/base/safetensors';
import { type CheckpointState, trainerFiles, unreadable } from './checkpoint-state.js';
import { listCheckpoints } from './list-checkpoints.js';
import { readCheckpointState } from './read-checkpoint-state.js';

/** A checkpoint that is whole, with its state. */
export interface WholeCheckpoint {
  readonly path: string;
  readonly state: CheckpointState;
}

/** A checkpoint that no run can resume from. */
export interface TornCheckpoint {
  readonly path: string;
  /** The error `checkpoint.unreadable`, which says what is wrong. */
  readonly error: DpoError;
}

/** The checkpoint that a run resumes from, and the torn checkpoints that were passed over. */
export interface FoundCheckpoints {
  /** The whole checkpoint of the latest step; undefined when there is none. */
  readonly newest: WholeCheckpoint | undefined;
  /** The torn checkpoints of later steps, the latest first. */
  readonly torn: readonly TornCheckpoint[];
}

/**
 * Looks for the newest whole checkpoint of a run's folder. A checkpoint's step is the one in its state; the number in the
 * folder's name counts only for a checkpoint whose state cannot be read.
 */
export async function findWholeCheckpoint(folder: string, signal?: AbortSignal): Promise<FoundCheckpoints> {
  const torn: TornCheckpoint[] = [];
  for (const { path } of (await listCheckpoints(folder)).reverse()) {
    const checkpoint = await checkCheckpoint(path, signal).catch(asTorn);
    if (!DpoError.is(checkpoint)) return { newest: checkpoint, torn };
    torn.push({ path, error: checkpoint });
  }
  return { newest: undefined, torn };
}

/**
 * Checks that a checkpoint is whole: its state, all files that it lists with their digests, and the headers and sizes of its
 * weights.
 *
 * @throws DpoError `checkpoint.unreadable` with the file and what is wrong with it
 */
export async function checkCheckpoint(path: string, signal?: AbortSignal): Promise<WholeCheckpoint> {
  const state = await readCheckpointState(path);
  await checkFiles(path, state, signal);
  return { path, state };
}

async function checkFiles(
  path: string,
  { files = {} }: CheckpointState,
  signal: AbortSignal | undefined,
): Promise<undefined> {
  for (const [name, { bytes }] of Object.entries(files)) {
    const stats = await stat(join(path, name)).catch((cause: unknown) => {
      throw unreadable(path, `${name} is missing`, asFileError(cause, join(path, name)));
    });
    if (stats.size !== bytes) throw unreadable(path, `${name} has ${stats.size} bytes of ${bytes}`);
  }
  for (const weights of [path, join(path, trainerFiles.optimizer)]) {
    const tensors = await openSafetensors(weights).catch((cause: unknown) => {
      throw unreadable(path, reasonOf(cause), cause);
    });
    await tensors.close();
  }
  for (const [name, { sha256 }] of Object.entries(files)) {
    const now = await fileDigest(join(path, name), signal).catch((cause: unknown) => {
      throw DpoError.is(cause) ? unreadable(path, reasonOf(cause), cause) : cause;
    });
    if (now.sha256 !== sha256) throw unreadable(path, `${name} has not the content that was written`);
  }
}

/** What an error says, as the end of a sentence. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}

/** The digests of a checkpoint's files, all but its state, which is written last. */
export async function digestFiles(folder: string): Promise<Record<string, FileDigest>> {
  const digests: Record<string, FileDigest> = {};
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1)))
    if (entry.isFile() && entry.name !== trainerFiles.state)
      digests[entry.name] = await fileDigest(join(folder, entry.name));
  return digests;
}

/** The error of a torn checkpoint; throws any other error on. */
function asTorn(error: unknown): DpoError {
  if (DpoError.is(error, 'checkpoint.unreadable')) return error;
  throw error;
}
