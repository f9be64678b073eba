import { DpoError } from '@dpo/base';
import type { FileDigest } from '@dpo/base/files';
import type { StepRecord } from './step-record.js';

/** Where a run is. Together with the weights and the optimizer's slots, the run's future depends on nothing else. */
export interface TrainingState {
  /** The last step that was taken; 0 before the first. */
  readonly step: number;
  /** Updates that were applied: the optimizer's t. */
  readonly updates: number;
  /** The number of steps in a row, up to the last, whose gradient was not finite. */
  readonly skipped: number;
  /** Examples trained on so far, of whatever kind. */
  readonly pairs: number;
  /** The best evaluation so far. */
  readonly best?: { readonly step: number; readonly value: number };
  /** Evaluations since the best. */
  readonly stale?: number;
  /** The record of a step whose evaluation was interrupted; the resumed run evaluates the step. */
  readonly unevaluated?: StepRecord | undefined;
}

/** What `trainer_state.json` of a checkpoint says. */
export interface CheckpointState extends TrainingState {
  readonly version: 1;
  /** The method's name. */
  readonly method: string;
  readonly optimizer: { readonly name: string; readonly settings: Readonly<Record<string, number | boolean>> };
  /** The run's resolved configuration. */
  readonly config?: unknown;
  /** A key that tells the run from every other run that could have written a checkpoint into the same place. */
  readonly run?: string;
  /** What the method remembers. Absent for a method without a state. */
  readonly methodState?: unknown;
  /** What the source of the batches remembers. Absent for a source without a state. */
  readonly sourceState?: unknown;
  /** The other files of the checkpoint, by name. Checkpoints of earlier versions list none. */
  readonly files?: Readonly<Record<string, FileDigest>>;
}

/** The files of a checkpoint that are the run's own. All other files of the folder are the trained model. */
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
 * Parses the text of a checkpoint's state.
 *
 * @param path the checkpoint, which errors name
 * @throws DpoError `checkpoint.unreadable` when the text is no state, or a state of a later version
 */
export function parseCheckpointState(text: string, path: string): CheckpointState {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, `${trainerFiles.state} is not JSON`, cause);
  }
  if (!isObject(parsed)) throw unreadable(path, `${trainerFiles.state} is no JSON object`);
  if (parsed.version !== 1)
    throw unreadable(path, `its version is ${JSON.stringify(parsed.version)}, and this program reads version 1`);
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

/** The test that each key's value must pass. */
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

/** The error of a checkpoint that no run can resume from. */
export function unreadable(path: string, why: string, cause?: unknown): DpoError {
  return new DpoError('checkpoint.unreadable', `${path} is not a checkpoint that can be read: ${why}.`, {
    values: { path, why },
    hint: 'Resume from another checkpoint of the run.',
    cause,
  });
}
