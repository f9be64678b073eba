import { DpoError } from '@dpo/base';
import type { FileDigest } from '@dpo/base/files';
import type { StepRecord } from './step-record.js';

/** Where a run is. With the weights and the optimizer's slots, all that its future depends on. */
export interface TrainingState {
  readonly step: number;
  /** Updates that were applied: the optimizer's t. */
  readonly updates: number;
  /** Steps in a row, up to this one, whose gradient was not finite. */
  readonly skipped: number;
  /** Pairs trained on so far. */
  readonly pairs: number;
  /** The best evaluation so far. */
  readonly best?: { readonly step: number; readonly value: number };
  /** Evaluations since then. */
  readonly stale?: number;
  /** The record of this step, where an interruption has left its evaluation to the resumed run. */
  readonly unevaluated?: StepRecord | undefined;
}

/** What `trainer_state.json` of a checkpoint says. */
export interface CheckpointState extends TrainingState {
  readonly version: 1;
  readonly method: string;
  readonly optimizer: { readonly name: string; readonly settings: Readonly<Record<string, number | boolean>> };
  readonly config?: unknown;
  /** What tells the run from every other one that could have written a checkpoint here. */
  readonly run?: string;
  /** What the method remembers, where it remembers anything. */
  readonly methodState?: unknown;
  /** What the source of the batches remembers, where it remembers anything. */
  readonly sourceState?: unknown;
  /** The other files of the checkpoint, by name. Checkpoints of earlier versions list none. */
  readonly files?: Readonly<Record<string, FileDigest>>;
}

/** The files of a checkpoint that are the run's own: whatever else lies in its folder is the trained model. */
export const trainerFiles = {
  /** Where the run was. */
  state: 'trainer_state.json',
  /** The optimizer's slots. */
  optimizer: 'optimizer.safetensors',
  /** The weights of a reference that moves. */
  reference: 'reference.safetensors',
  /** What the method trains besides the model. */
  method: 'method.safetensors',
} as const;

/**
 * Reads what a checkpoint says of its run out of the text of its state.
 *
 * @param path the checkpoint, to be named in errors
 * @throws DpoError `checkpoint.unreadable` when the text is no state, or one of a later version
 */
export function parseCheckpointState(text: string, path: string): CheckpointState {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, `${trainerFiles.state} is not JSON`, cause);
  }
  if (!isObject(parsed)) throw unreadable(path, `${trainerFiles.state} is no JSON object`);
  if (parsed.version !== 1) throw unreadable(path, `its version is ${JSON.stringify(parsed.version)}, known is 1`);
  const wrong = Object.entries(shape).find(([key, fits]) => !fits(parsed[key]));
  if (wrong !== undefined) throw unreadable(path, `${trainerFiles.state} has no sound "${wrong[0]}"`);
  return parsed as unknown as CheckpointState;
}

type Test = (value: unknown) => boolean;

const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText: Test = (value) => typeof value === 'string';
const isDigest: Test = (value) => isObject(value) && isCount(value.bytes) && isText(value.sha256);
const unlessMissing =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);

/** What each key must be for the state to be used without another look. */
const shape: Readonly<
  Record<Exclude<keyof CheckpointState, 'version' | 'config' | 'methodState' | 'sourceState'>, Test>
> = {
  step: isCount,
  updates: isCount,
  skipped: isCount,
  pairs: isCount,
  method: isText,
  optimizer: (value) => isObject(value) && isText(value.name) && isObject(value.settings),
  best: unlessMissing((value) => isObject(value) && isCount(value.step) && Number.isFinite(value.value)),
  stale: unlessMissing(isCount),
  unevaluated: unlessMissing((value) => isObject(value) && isCount(value.step)),
  run: unlessMissing(isText),
  files: unlessMissing((value) => isObject(value) && Object.values(value).every(isDigest)),
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error of a checkpoint that cannot be gone on from. */
export function unreadable(path: string, why: string, cause?: unknown): DpoError {
  return new DpoError('checkpoint.unreadable', `${path} is not a checkpoint that can be read: ${why}.`, {
    values: { path, why },
    hint: 'Resume from another checkpoint of the run.',
    cause,
  });
}
