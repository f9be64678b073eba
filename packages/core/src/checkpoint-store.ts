import type { CheckpointState } from './checkpoint-state.js';

/** The owner of a checkpoint's tensors: the model, the optimizer, a reference that moves, or the method. */
export type CheckpointPart = 'model' | 'optimizer' | 'reference' | 'method';

/** A tensor that a checkpoint is to hold. */
export interface TensorToSave {
  /** The tensor's name within its part. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The numbers, row-major. They may stand at the beginning of `into`, when `into` has room for them. */
  read(into?: Float32Array): Promise<Float32Array>;
}

/** The contents of a checkpoint: where the run is, and the tensors of each part. */
export interface CheckpointContents {
  readonly state: Omit<CheckpointState, 'files'>;
  readonly parts: Readonly<Record<CheckpointPart, readonly TensorToSave[]>>;
}

/** The tensors of one part of a checkpoint. */
export interface SavedTensors {
  /** The shape of a tensor; undefined when the checkpoint lacks the tensor. */
  shape(name: string): readonly number[] | undefined;
  /** The numbers of a tensor, row-major. */
  read(name: string): Promise<Float32Array>;
}

/** A checkpoint that is open for reading. */
export interface OpenCheckpoint {
  readonly name: string;
  readonly state: CheckpointState;
  /**
   * Opens the tensors of a part.
   *
   * @throws DpoError when the part cannot be read
   */
  tensors(part: CheckpointPart): Promise<SavedTensors>;
  /** Closes the files of the checkpoint. */
  close(): Promise<void>;
}

/** A checkpoint's name and its step. */
export interface NamedCheckpoint {
  readonly name: string;
  readonly step: number;
}

/** A store of checkpoints: folders in Node, a page's memory or its private file system. */
export interface CheckpointStore {
  /**
   * Saves a checkpoint, whole or not at all, in place of an earlier one of the same step.
   *
   * @returns the checkpoint's name, by which `open` and `remove` know the checkpoint
   */
  save(contents: CheckpointContents): Promise<string>;
  /** The checkpoints, the oldest first. */
  list(): Promise<readonly NamedCheckpoint[]>;
  /**
   * Opens a checkpoint for reading.
   *
   * @throws DpoError `checkpoint.unreadable` when the checkpoint is missing or damaged
   */
  open(name: string): Promise<OpenCheckpoint>;
  /** Removes a checkpoint. */
  remove(name: string): Promise<void>;
}
