/** An answer's log-probabilities token by token, in nats. */
export interface TokenRatios {
  /** log π_old(y_t | x, y_<t), under the weights that drew the answer. */
  readonly old: ArrayLike<number>;
  /** log π_ref(y_t | x, y_<t). */
  readonly reference: ArrayLike<number>;
}

/** k1 = log π_old(y_t) − log π_ref(y_t) of each token: an unbiased estimate of KL(π_old ‖ π_ref) over drawn tokens. */
export function tokenKl({ old, reference }: TokenRatios): Float64Array {
  return Float64Array.from(old, (logp, t) => logp - (reference[t] as number));
}

/** Σ_t k1_t of an answer, in nats: an unbiased estimate of KL(π_old ‖ π_ref) over answers. */
export function answerKl(ratios: TokenRatios): number {
  return tokenKl(ratios).reduce((sum, kl) => sum + kl, 0);
}

/**
 * The reward of each token. The answer's reward is added at its last token:
 *
 *     r_t = −β (log π_old(y_t) − log π_ref(y_t)) + 1[t = T] R
 *
 * Their sum is R̃ = R − β Σ_t (log π_old − log π_ref). Source: arXiv 1909.08593, Eq. 2; arXiv 2203.02155.
 */
export function penalisedRewards(reward: number, ratios: TokenRatios, beta: number): Float64Array {
  const rewards = tokenKl(ratios).map((kl) => -beta * kl);
  const last = rewards.length - 1;
  if (last >= 0) rewards[last] = (rewards[last] as number) + reward;
  return rewards;
}

/**
 * The sum of the rewards from each token on: G_t = Σ_{i ≥ t} r_i. REINFORCE++ whitens these sums and takes them as advantages.
 * Source: arXiv 2501.03262, Eq. 5.
 */
export function rewardsToGo(rewards: ArrayLike<number>): Float64Array {
  const sums = Float64Array.from(rewards);
  for (let t = sums.length - 2; t >= 0; t--) sums[t] = (sums[t] as number) + (sums[t + 1] as number);
  return sums;
}
