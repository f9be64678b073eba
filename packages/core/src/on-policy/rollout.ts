/** An answer that the policy wrote. */
export interface DrawnAnswer {
  /** The answer's tokens, with the end token when the answer ended. */
  readonly tokens: Int32Array;
  /** log π_old of each token in nats, as computed while the answer was drawn. */
  readonly logps: Float32Array;
  /** False for an answer that was cut off at the longest length allowed. */
  readonly ended: boolean;
}

/** An answer with its reward and its scores. */
export interface ScoredAnswer extends DrawnAnswer {
  /** R(x, y); for an answer without an end, the reward that `UnendedAnswers` says. */
  readonly reward: number;
  /** log π_ref of each token, in nats. */
  readonly reference: Float32Array;
  /** V before each token, for methods with a value head. */
  readonly values?: Float32Array | undefined;
}

/** A prompt with the answers that the policy wrote to it. */
export interface Rollout {
  readonly prompt: Int32Array;
  /** The prompt's number in the data. */
  readonly row: number;
  readonly answers: readonly ScoredAnswer[];
}

/** Tokens of all answers. */
export function tokensOf(rollouts: readonly Rollout[]): number {
  return rollouts.reduce(
    (sum, { answers }) => sum + answers.reduce((total, { tokens }) => total + tokens.length, 0),
    0,
  );
}
