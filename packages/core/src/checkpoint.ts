import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { removeOwn, writeFileAtomic, writeFolderAtomic } from '@dpo/base/files';
import { openSafetensors, writeSafetensors } from '@dpo/base/safetensors';
import type { Variable } from '@dpo/engine';
import type { BatchSource } from './batches/source.js';
import { readCheckpointState, type StoredState, type TrainingState, trainerFiles } from './checkpoint-state.js';
import { listCheckpoints } from './list-checkpoints.js';
import type { Method } from './method.js';
import type { TrainableModel } from './model.js';
import type { Optimizer } from './optimizers/types.js';
import type { Reference } from './reference.js';
import type { CompiledSteps } from './step/compile-steps.js';
import { digestFiles } from './whole-checkpoints.js';

export interface CheckpointOptions {
  /** The run's folder; checkpoints are `checkpoint-N` in it. */
  readonly folder: string;
  /** A checkpoint after every so many steps. */
  readonly everySteps?: number | undefined;
  /** Whether one is written after the last step as well. Default true. One is always written when the run is aborted. */
  readonly atEnd?: boolean | undefined;
  /** Whether one is written after each evaluation that is the best so far. The best one is kept whatever its age. */
  readonly best?: boolean | undefined;
  /** Older checkpoints than the last so many are removed. Default: all are kept. */
  readonly keep?: number | undefined;
  /** Writes the trainable weights in float32 into a folder, in the form that others read (Hugging Face or PEFT). */
  readonly saveModel: (folder: string) => Promise<void>;
  /** The run's resolved configuration, stored with each checkpoint. */
  readonly config?: unknown;
  /** What tells the run from every other one, stored with each checkpoint. */
  readonly run?: string | undefined;
  readonly onSaved?: ((path: string, state: TrainingState) => void) | undefined;
}

/** What a checkpoint holds besides the model's weights. */
interface Kept {
  readonly method: Pick<Method<never>, 'name' | 'trainables' | 'state'>;
  readonly optimizer: Optimizer;
  readonly compiled: Pick<CompiledSteps, 'slots'>;
  readonly reference?: Pick<Reference, 'moving'> | undefined;
  readonly source?: Pick<BatchSource<never>, 'state'> | undefined;
}

/**
 * Writes `checkpoint-N` beside its place and renames it into it, so that a checkpoint is whole or not there, then
 * removes those that are no longer kept. Returns its path.
 */
export async function saveCheckpoint(
  options: CheckpointOptions & Kept & { readonly state: TrainingState },
): Promise<string> {
  const { folder, state, method, optimizer, config } = options;
  const path = join(folder, `checkpoint-${state.step}`);
  await writeFolderAtomic(path, 'checkpoint', async (temporary) => {
    await options.saveModel(temporary);
    await writeVariables(join(temporary, trainerFiles.optimizer), slotEntries(options.compiled));
    const moving = movingEntries(options.reference);
    if (moving.length > 0) await writeVariables(join(temporary, trainerFiles.reference), moving);
    const ofMethod = entriesOf(method.trainables);
    if (ofMethod.length > 0) await writeVariables(join(temporary, trainerFiles.method), ofMethod);
    const saved: StoredState = {
      version: 1,
      ...state,
      method: method.name,
      optimizer: { name: optimizer.name, settings: optimizer.settings },
      ...(config === undefined ? {} : { config }),
      ...(options.run === undefined ? {} : { run: options.run }),
      ...(method.state === undefined ? {} : { methodState: method.state.read() }),
      ...(options.source?.state === undefined ? {} : { sourceState: options.source.state.read() }),
      files: await digestFiles(temporary),
    };
    await writeFileAtomic(join(temporary, trainerFiles.state), (file) =>
      writeFile(file, `${JSON.stringify(saved, null, 2)}\n`),
    );
  });
  await prune(folder, options.keep ?? Number.POSITIVE_INFINITY, state);
  options.onSaved?.(path, state);
  return path;
}

/**
 * Reads a checkpoint's weights and optimizer state into the engine, and returns where the run was.
 *
 * @throws DpoError `checkpoint.mismatch` where it is of another optimizer or of other weights. Nothing is written then.
 */
export async function restoreCheckpoint(
  path: string,
  { model, method, optimizer, compiled, reference, source }: Kept & { readonly model: TrainableModel },
): Promise<TrainingState> {
  const read = await readCheckpointState(path);
  const { step, updates, skipped, pairs, best, stale, optimizer: stored } = read;
  if (stored.name !== optimizer.name)
    throw mismatch(path, `was trained with ${stored.name}, this run uses ${optimizer.name}`);
  const weights = entriesOf(model.trainable());
  const moving = movingEntries(reference);
  const ofMethod = entriesOf(method.trainables);
  const sources = [
    { file: path, entries: weights },
    { file: join(path, trainerFiles.optimizer), entries: slotEntries(compiled) },
    ...(moving.length > 0 ? [{ file: join(path, trainerFiles.reference), entries: moving }] : []),
    ...(ofMethod.length > 0 ? [{ file: join(path, trainerFiles.method), entries: ofMethod }] : []),
  ];
  const opened = [];
  try {
    for (const { file, entries } of sources) {
      const tensors = await openSafetensors(file);
      opened.push({ tensors, entries });
      for (const { name, variable } of entries) {
        const shape = tensors.tensors.get(name)?.shape;
        if (shape === undefined) throw mismatch(path, `lacks ${name}`);
        if (shape.join() !== variable.shape.join())
          throw mismatch(path, `has ${name} as [${shape}], this run as [${variable.shape}]`);
      }
    }
    for (const { tensors, entries } of opened)
      for (const { name, variable } of entries) variable.write(await tensors.read(name));
  } finally {
    for (const { tensors } of opened) await tensors.close();
  }
  method.state?.write(read.methodState);
  source?.state?.write(read.sourceState);
  return {
    ...{ step, updates, skipped, pairs },
    ...(best === undefined ? {} : { best }),
    ...(stale === undefined ? {} : { stale }),
    ...(read.unevaluated === undefined ? {} : { unevaluated: read.unevaluated }),
  };
}

interface Entry {
  readonly name: string;
  readonly variable: Variable;
}

async function writeVariables(file: string, entries: readonly Entry[]): Promise<void> {
  await writeSafetensors(
    file,
    entries.map(({ name, variable }) => ({
      name,
      shape: variable.shape,
      dtype: 'float32' as const,
      data: (room) => variable.read(room),
    })),
  );
}

/** The weights of a reference that moves. */
function movingEntries(reference: Pick<Reference, 'moving'> | undefined): Entry[] {
  return entriesOf(reference?.moving?.variables ?? new Map());
}

function entriesOf(variables: ReadonlyMap<string, Variable>): Entry[] {
  return [...variables].map(([name, variable]) => ({ name, variable }));
}

function slotEntries({ slots }: Pick<CompiledSteps, 'slots'>): Entry[] {
  return [...slots].flatMap(([weight, bySlot]) =>
    Object.entries(bySlot).map(([slot, variable]) => ({ name: `${slot}/${weight}`, variable })),
  );
}

async function prune(folder: string, keep: number, { step: now, best }: TrainingState): Promise<void> {
  // One of a later step is none of this run's: it does not count, and stays.
  const checkpoints = (await listCheckpoints(folder)).filter(({ step }) => step <= now);
  const old = checkpoints
    .slice(0, Math.max(0, checkpoints.length - Math.max(1, keep)))
    .filter(({ step }) => step !== best?.step)
    .map(({ path }) => path);
  for (const path of old) await removeOwn(path);
}

function mismatch(path: string, how: string): DpoError {
  return new DpoError('checkpoint.mismatch', `${path} does not fit this run: it ${how}.`, {
    values: { path },
    hint: 'Resume with the model, the adapter and the optimizer that the run began with.',
  });
}
