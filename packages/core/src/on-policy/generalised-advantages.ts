/** How far advantages look ahead. */
export interface GaeOptions {
  /** γ, the worth of a reward that comes one token later. Default 1. */
  readonly discount?: number | undefined;
  /** λ, from 0 (one token and the value after the token) to 1 (all later rewards). Default 0.95. */
  readonly lambda?: number | undefined;
}

/** Advantages and returns of the tokens of one answer. */
export interface GeneralisedAdvantages {
  readonly advantages: Float64Array;
  /** A_t + V_t, which the value head learns to predict. */
  readonly returns: Float64Array;
}

/**
 * Generalised advantage estimation over the tokens of one answer. The value after the last token is 0:
 *
 *     δ_t = r_t + γ V_{t+1} − V_t      A_t = δ_t + γ λ A_{t+1}      return_t = A_t + V_t
 *
 * Source: arXiv 1506.02438, Eq. 16; γ and λ as in "The N implementation details of RLHF with PPO".
 *
 * @param rewards r_t of each token
 * @param values V_t, before token t is drawn
 */
export function generalisedAdvantages(
  rewards: ArrayLike<number>,
  values: ArrayLike<number>,
  { discount = 1, lambda = 0.95 }: GaeOptions = {},
): GeneralisedAdvantages {
  const advantages = new Float64Array(rewards.length);
  let [advantageAfter, valueAfter] = [0, 0];
  for (let t = rewards.length - 1; t >= 0; t--) {
    const value = values[t] as number;
    const delta = (rewards[t] as number) + discount * valueAfter - value;
    advantageAfter = delta + discount * lambda * advantageAfter;
    advantages[t] = advantageAfter;
    valueAfter = value;
  }
  return { advantages, returns: advantages.map((advantage, t) => advantage + (values[t] as number)) };
}
