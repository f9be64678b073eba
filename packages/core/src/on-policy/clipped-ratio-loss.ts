import * as tf from '@tensorflow/tfjs-core';

/** How far a ratio of probabilities may be from 1 and still count as it is. */
export interface RatioClip {
  /** ε below 1. Default 0.2. */
  readonly low?: number | undefined;
  /** ε above 1; DAPO takes 0.28. Default: `low`. */
  readonly high?: number | undefined;
}

/** What a clipped ratio makes of each entry. An entry is a token or an answer. */
export interface ClippedRatios<T extends tf.Tensor = tf.Tensor> {
  readonly losses: T;
  /** ρ. */
  readonly ratios: T;
  /** 1 for an entry without a gradient because its ratio is below 1 − ε_low; else 0. */
  readonly clippedLow: T;
  /** 1 for an entry without a gradient because its ratio is above 1 + ε_high; else 0. */
  readonly clippedHigh: T;
}

/**
 * PPO's clipped objective, to be minimised, entry by entry:
 *
 *     ρ = exp(log π − log π_old)      L = −min(ρ A, clip(ρ, 1 − ε_low, 1 + ε_high) A)
 *
 * Entries are tokens (PPO, GRPO) or whole answers, whose log-ratios are sums over tokens (RLOO, as in TRL's RLOOTrainer).
 * Source: arXiv 1707.06347, Eq. 7; an ε of its own above 1: DAPO, arXiv 2503.14476, Eq. 10.
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
  const clippedRatios = tf.clipByValue<T>(ratios, 1 - low, 1 + high);
  const flag = (...both: readonly [tf.Tensor, tf.Tensor]) => tf.cast<T>(tf.logicalAnd(...both), 'float32');
  return {
    losses: tf.neg<T>(tf.minimum<T>(tf.mul(ratios, advantages), tf.mul(clippedRatios, advantages))),
    ratios,
    clippedLow: flag(tf.less(ratios, 1 - low), tf.less(advantages, 0)),
    clippedHigh: flag(tf.greater(ratios, 1 + high), tf.greater(advantages, 0)),
  };
}
