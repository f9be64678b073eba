import { DpoError } from '@dpo/base';
import { folderStore, openFolder } from '#folder-checkpoints';
import type { BatchSource } from './batches/source.js';
import type { TrainingState } from './checkpoint-state.js';
import type { CheckpointPart, CheckpointStore, OpenCheckpoint, TensorToSave } from './checkpoint-store.js';
import type { Method } from './method.js';
import type { TrainableModel } from './model.js';
import type { Optimizer } from './optimizers/types.js';
import type { Reference } from './reference.js';
import type { CompiledSteps } from './step/compile-steps.js';
import type { StoredTensor } from './step/optimizer-state.js';

/** When checkpoints are written, which of them stay, and what they say of the run. */
export interface CheckpointSettings {
  /** Writes a checkpoint after every so many steps. Default: none but the last. */
  readonly everySteps?: number | undefined;
  /** Whether a checkpoint is written after the last step as well. An aborted run always writes a checkpoint. Default true. */
  readonly atEnd?: boolean | undefined;
  /** Writes a checkpoint after each evaluation that is the best so far, and keeps the best whatever its age. Default false. */
  readonly best?: boolean | undefined;
  /** The number of newest checkpoints that stay; older ones are removed. Default: all stay. */
  readonly keep?: number | undefined;
  /** The run's resolved configuration, stored with each checkpoint. */
  readonly config?: unknown;
  /** A key that tells the run from every other run, stored with each checkpoint. */
  readonly run?: string | undefined;
  /** Is called with the name of each new checkpoint, which is the path when checkpoints are folders. */
  readonly onSaved?: ((name: string, state: TrainingState) => void) | undefined;
}

/** Checkpoints as folders, in Node. */
export interface FolderCheckpoints {
  /** The run's folder, which holds the checkpoints as `checkpoint-N`. */
  readonly folder: string;
  /** Writes the trainable weights in float32 into a folder, in a form that other programs read (Hugging Face or PEFT). */
  readonly saveModel: (folder: string) => Promise<void>;
}

/** Checkpoints in a store of the caller's: `byteCheckpoints` in pages. */
export interface StoreCheckpoints {
  readonly store: CheckpointStore;
}

/** When checkpoints are written, and where. */
export type CheckpointOptions = CheckpointSettings & (FolderCheckpoints | StoreCheckpoints);

/** The parts of a run whose numbers and memory a checkpoint holds. */
interface Owners {
  readonly model: TrainableModel;
  readonly method: Pick<Method<never>, 'name' | 'trainables' | 'state'>;
  readonly optimizer: Optimizer;
  readonly compiled: Pick<CompiledSteps, 'optimizerState'>;
  readonly reference?: Pick<Reference, 'moving'> | undefined;
  readonly source?: Pick<BatchSource<never>, 'state'> | undefined;
}

/** The store that checkpoints go into; undefined for a run without checkpoints. */
export function storeOf(checkpoints: CheckpointOptions | undefined): CheckpointStore | undefined {
  if (checkpoints === undefined) return undefined;
  return 'store' in checkpoints ? checkpoints.store : folderStore(checkpoints);
}

/**
 * Opens a checkpoint of the store; without a store, the checkpoint in the folder of that name.
 *
 * @throws DpoError `checkpoint.unreadable` when the checkpoint is missing or damaged
 */
export function openCheckpoint(store: CheckpointStore | undefined, name: string): Promise<OpenCheckpoint> {
  return store === undefined ? openFolder(name) : store.open(name);
}

/** Saves a checkpoint of the run, then removes the checkpoints that no longer stay. */
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
 * @throws DpoError `checkpoint.mismatch` when the checkpoint is of another optimizer or of other weights; nothing is then written
 */
export async function restoreCheckpoint(checkpoint: OpenCheckpoint, owners: Owners): Promise<TrainingState> {
  const { name: path, state } = checkpoint;
  const { method, optimizer, source } = owners;
  try {
    if (state.optimizer.name !== optimizer.name)
      throw mismatch(path, `was trained with ${state.optimizer.name}, this run uses ${optimizer.name}`);
    // All shapes are checked before the first variable is written.
    const writes: (() => Promise<void>)[] = [];
    for (const [part, variables] of Object.entries(variablesOf(owners)) as [CheckpointPart, NamedVariables][]) {
      if (variables.size === 0 && part !== 'optimizer') continue;
      const tensors = await checkpoint.tensors(part);
      for (const [name, variable] of variables) {
        const shape = tensors.shape(name);
        if (shape === undefined) throw mismatch(path, `lacks ${name}`);
        if (shape.join() !== variable.shape.join())
          throw mismatch(path, `has ${name} as [${shape}], this run as [${variable.shape}]`);
        writes.push(async () => variable.write(await tensors.read(name)));
      }
    }
    for (const write of writes) await write();
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

type NamedVariables = ReadonlyMap<string, StoredTensor>;

function variablesOf({ model, method, compiled, reference }: Owners): Record<CheckpointPart, NamedVariables> {
  return {
    model: model.trainable(),
    optimizer: compiled.optimizerState.tensors,
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
  // A checkpoint of a later step is not of this run, so that it neither counts nor goes.
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
