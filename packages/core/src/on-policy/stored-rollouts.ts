import type { Rollout, ScoredAnswer } from './rollout.js';

/** A batch of rollouts as JSON; numbers come back as they were. */
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

export function readRollouts(stored: readonly StoredRollout[]): Rollout[] {
  return stored.map(({ prompt, row, answers }) => ({
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
