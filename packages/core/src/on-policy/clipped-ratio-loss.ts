import * as tf from '@tensorflow/tfjs-core';

/** How far a ratio counts from 1. */
export interface RatioClip {
  /** ε below 1. Default 0.2. */
  readonly low?: number | undefined;
  /** ε above 1; DAPO takes 0.28. Default: as below. */
  readonly high?: number | undefined;
}

/** What a clipped ratio makes of each entry, a token or an answer. */
export interface ClippedRatios<T extends tf.Tensor = tf.Tensor> {
  readonly losses: T;
  readonly ratios: T;
  /** 1 where the clipped ratio is the one that counts, so that the entry has no gradient; else 0. */
  readonly clippedLow: T;
  readonly clippedHigh: T;
}

/**
 * PPO's clipped objective, to be minimised, entry by entry:
 *
 *     ρ = exp(log π − log π_old)      L = −min(ρ A, clip(ρ, 1 − ε_low, 1 + ε_high) A)
 *
 * Entries are tokens (PPO, GRPO) or whole answers, whose log-ratios are summed over tokens (RLOO, as TRL's RLOOTrainer).
 * Source: arXiv 1707.06347, Eq. 7; ε above 1 of its own: DAPO, arXiv 2503.14476, Eq. 10.
 *
 * @param logRatios log π − log π_old, differentiable in log π
 * @param advantages A, of the same shape
 */
export function clippedRatioLoss<T extends tf.Tensor>(
  logRatios: T,
  advantages: T,
  { low = 0.2, high = low }: RatioClip = {},
): ClippedRatios<T> {
  const ratios = tf.exp<T>(logRatios);
  const clipped = tf.clipByValue<T>(ratios, 1 - low, 1 + high);
  const flag = (...both: readonly [tf.Tensor, tf.Tensor]) => tf.cast<T>(tf.logicalAnd(...both), 'float32');
  return {
    losses: tf.neg<T>(tf.minimum<T>(tf.mul(ratios, advantages), tf.mul(clipped, advantages))),
    ratios,
    clippedLow: flag(tf.less(ratios, 1 - low), tf.less(advantages, 0)),
    clippedHigh: flag(tf.greater(ratios, 1 + high), tf.greater(advantages, 0)),
  };
}
