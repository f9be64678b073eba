import { DpoError } from '@dpo/base';
import type { Variable } from '@dpo/engine';
import { folderStore, openFolder } from '#folder-checkpoints';
import type { BatchSource } from './batches/source.js';
import type { TrainingState } from './checkpoint-state.js';
import type { CheckpointPart, CheckpointStore, OpenCheckpoint, TensorToSave } from './checkpoint-store.js';
import type { Method } from './method.js';
import type { TrainableModel } from './model.js';
import type { Optimizer } from './optimizers/types.js';
import type { Reference } from './reference.js';
import type { CompiledSteps } from './step/compile-steps.js';

/** When checkpoints are written, which are kept, and what they say of the run. */
export interface CheckpointSettings {
  /** A checkpoint after every so many steps. */
  readonly everySteps?: number | undefined;
  /** Whether one is written after the last step as well. Default true. One is always written when the run is aborted. */
  readonly atEnd?: boolean | undefined;
  /** Whether one is written after each evaluation that is the best so far. The best one is kept whatever its age. */
  readonly best?: boolean | undefined;
  /** Older checkpoints than the last so many are removed. Default: all are kept. */
  readonly keep?: number | undefined;
  /** The run's resolved configuration, stored with each checkpoint. */
  readonly config?: unknown;
  /** What tells the run from every other one, stored with each checkpoint. */
  readonly run?: string | undefined;
  /** Hears the name of each new checkpoint: the path, when checkpoints are folders. */
  readonly onSaved?: ((name: string, state: TrainingState) => void) | undefined;
}

/** Checkpoints as folders, in Node. */
export interface FolderCheckpoints {
  /** The run's folder; checkpoints are `checkpoint-N` in it. */
  readonly folder: string;
  /** Writes the trainable weights in float32 into a folder, in the form that others read (Hugging Face or PEFT). */
  readonly saveModel: (folder: string) => Promise<void>;
}

/** Checkpoints in a store of the caller's: `byteCheckpoints` in pages. */
export interface StoreCheckpoints {
  readonly store: CheckpointStore;
}

/** When checkpoints are written, and where. */
export type CheckpointOptions = CheckpointSettings & (FolderCheckpoints | StoreCheckpoints);

/** What a checkpoint holds the numbers and the memory of. */
interface Owners {
  readonly model: TrainableModel;
  readonly method: Pick<Method<never>, 'name' | 'trainables' | 'state'>;
  readonly optimizer: Optimizer;
  readonly compiled: Pick<CompiledSteps, 'slots'>;
  readonly reference?: Pick<Reference, 'moving'> | undefined;
  readonly source?: Pick<BatchSource<never>, 'state'> | undefined;
}

/** Where checkpoints go; undefined when there are none. */
export function storeOf(checkpoints: CheckpointOptions | undefined): CheckpointStore | undefined {
  if (checkpoints === undefined) return undefined;
  return 'store' in checkpoints ? checkpoints.store : folderStore(checkpoints);
}

/** Opens a checkpoint of the store; without a store, the checkpoint in a folder. */
export function openCheckpoint(store: CheckpointStore | undefined, name: string): Promise<OpenCheckpoint> {
  return store === undefined ? openFolder(name) : store.open(name);
}

/** Saves where the run is, then removes the checkpoints that are no longer kept. */
export async function saveCheckpoint(
  store: CheckpointStore,
  { config, run, keep = Number.POSITIVE_INFINITY, onSaved }: CheckpointSettings,
  { state, ...owners }: Owners & { readonly state: TrainingState },
): Promise<void> {
  const { method, optimizer, source } = owners;
  const variables = variablesOf(owners);
  const name = await store.save({
    state: {
      version: 1,
      ...state,
      method: method.name,
      optimizer: { name: optimizer.name, settings: optimizer.settings },
      ...(config === undefined ? {} : { config }),
      ...(run === undefined ? {} : { run }),
      ...(method.state === undefined ? {} : { methodState: method.state.read() }),
      ...(source?.state === undefined ? {} : { sourceState: source.state.read() }),
    },
    parts: {
      model: tensorsOf(variables.model),
      optimizer: tensorsOf(variables.optimizer),
      reference: tensorsOf(variables.reference),
      method: tensorsOf(variables.method),
    },
  });
  await prune(store, keep, state);
  onSaved?.(name, state);
}

/**
 * Reads a checkpoint's weights and optimizer state into the engine, closes the checkpoint, and returns where the run was.
 *
 * @throws DpoError `checkpoint.mismatch` when the checkpoint is of another optimizer or of other weights. Nothing is written then
 */
export async function restoreCheckpoint(checkpoint: OpenCheckpoint, owners: Owners): Promise<TrainingState> {
  const { name: path, state } = checkpoint;
  const { method, optimizer, source } = owners;
  try {
    if (state.optimizer.name !== optimizer.name)
      throw mismatch(path, `was trained with ${state.optimizer.name}, this run uses ${optimizer.name}`);
    const reads: (() => Promise<void>)[] = [];
    for (const [part, variables] of Object.entries(variablesOf(owners)) as [CheckpointPart, NamedVariables][]) {
      if (variables.size === 0 && part !== 'optimizer') continue;
      const tensors = await checkpoint.tensors(part);
      for (const [name, variable] of variables) {
        const shape = tensors.shape(name);
        if (shape === undefined) throw mismatch(path, `lacks ${name}`);
        if (shape.join() !== variable.shape.join())
          throw mismatch(path, `has ${name} as [${shape}], this run as [${variable.shape}]`);
        reads.push(async () => variable.write(await tensors.read(name)));
      }
    }
    for (const read of reads) await read();
  } finally {
    await checkpoint.close();
  }
  method.state?.write(state.methodState);
  source?.state?.write(state.sourceState);
  const { step, updates, skipped, pairs, best, stale, unevaluated } = state;
  return {
    ...{ step, updates, skipped, pairs },
    ...(best === undefined ? {} : { best }),
    ...(stale === undefined ? {} : { stale }),
    ...(unevaluated === undefined ? {} : { unevaluated }),
  };
}

type NamedVariables = ReadonlyMap<string, Variable>;

function variablesOf({ model, method, compiled, reference }: Owners): Record<CheckpointPart, NamedVariables> {
  const slots = [...compiled.slots].flatMap(([weight, bySlot]) =>
    Object.entries(bySlot).map(([slot, variable]) => [`${slot}/${weight}`, variable] as const),
  );
  return {
    model: model.trainable(),
    optimizer: new Map(slots),
    reference: reference?.moving?.variables ?? new Map(),
    method: method.trainables,
  };
}

function tensorsOf(variables: NamedVariables): TensorToSave[] {
  return [...variables].map(([name, variable]) => ({
    name,
    shape: variable.shape,
    read: (into) => variable.read(into),
  }));
}

async function prune(store: CheckpointStore, keep: number, { step: now, best }: TrainingState): Promise<void> {
  // A checkpoint of a later step is none of this run's: it does not count, and stays.
  const checkpoints = (await store.list()).filter(({ step }) => step <= now);
  const old = checkpoints
    .slice(0, Math.max(0, checkpoints.length - Math.max(1, keep)))
    .filter(({ step }) => step !== best?.step);
  for (const { name } of old) await store.remove(name);
}

function mismatch(path: string, how: string): DpoError {
  return new DpoError('checkpoint.mismatch', `${path} does not fit this run: it ${how}.`, {
    values: { path },
    hint: 'Resume with the model, the adapter and the optimizer that the run began with.',
  });
}
