/** An answer that the policy wrote. */
export interface DrawnAnswer {
  /** The end token included, where the answer has one. */
  readonly tokens: Int32Array;
  /** log π_old of each token, as it was computed while the answer was drawn, in nats. */
  readonly logps: Float32Array;
  /** False where the answer was cut off at the most tokens that it might have. */
  readonly ended: boolean;
}

/** An answer with all that was found out about it. */
export interface ScoredAnswer extends DrawnAnswer {
  /** R(x, y); of an answer without an end what the source makes of it. */
  readonly reward: number;
  /** log π_ref of each token, in nats. */
  readonly reference: Float32Array;
  /** V of each token, before it is drawn, where the method has a value head. */
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
