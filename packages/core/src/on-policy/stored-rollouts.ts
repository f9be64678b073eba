import type { Rollout, ScoredAnswer } from './rollout.js';

/** A rollout as JSON. Numbers come back exactly. */
export interface StoredRollout {
  readonly prompt: readonly number[];
  readonly row: number;
  readonly answers: readonly {
    readonly tokens: readonly number[];
    readonly logps: readonly number[];
    readonly reference: readonly number[];
    readonly values?: readonly number[];
    readonly reward: number;
    readonly ended: boolean;
  }[];
}

/** Rollouts as JSON, for a checkpoint. */
export function storedRollouts(rollouts: readonly Rollout[]): StoredRollout[] {
  return rollouts.map(({ prompt, row, answers }) => ({
    prompt: [...prompt],
    row,
    answers: answers.map(({ tokens, logps, reference, values, reward, ended }) => ({
      tokens: [...tokens],
      logps: [...logps],
      reference: [...reference],
      ...(values === undefined ? {} : { values: [...values] }),
      ...{ reward, ended },
    })),
  }));
}

/** Rollouts out of their JSON. */
export function readRollouts(rollouts: readonly StoredRollout[]): Rollout[] {
  return rollouts.map(({ prompt, row, answers }) => ({
    prompt: Int32Array.from(prompt),
    row,
    answers: answers.map(
      ({ tokens, logps, reference, values, reward, ended }): ScoredAnswer => ({
        tokens: Int32Array.from(tokens),
        logps: Float32Array.from(logps),
        reference: Float32Array.from(reference),
        values: values && Float32Array.from(values),
        ...{ reward, ended },
      }),
    ),
  }));
}
