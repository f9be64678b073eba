import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, outOfRange } from './common.js';

/** Settings of {@link ktoLoss}. */
export interface KtoOptions {
  /** β: the price of moving away from the reference. Default 0.1. */
  readonly beta?: number | undefined;
  /** λ_D, the weight of desirable answers. Default 1. */
  readonly desirableWeight?: number | undefined;
  /** λ_U, the weight of undesirable answers. Default 1. */
  readonly undesirableWeight?: number | undefined;
}

/**
 * Kahneman–Tversky optimisation (KTO): each answer's reward is compared with the mean reward of the policy's answers.
 *
 *     s = β (log π(y|x) − log π_ref(y|x)),   z₀ = KL(π ‖ π_ref), without a gradient
 *     L = λ_D (1 − σ(s − β z₀))   when y is desirable
 *     L = λ_U (1 − σ(β z₀ − s))   when y is undesirable
 *
 * Source: arXiv 2402.01306, Eq. 8; TRL 1.13's `kto`.
 *
 * @param policy log π(y|x), [N]
 * @param reference log π_ref(y|x), [N]
 * @param desirable 1 for a desirable answer, 0 for an undesirable one, [N]
 * @param kl z₀ in nats, a scalar of 0 or more: see {@link ktoKl}
 * @returns `losses` [N] and `rewards` s [N]
 * @throws DpoError `loss.out-of-range` when a weight is below 0
 */
export function ktoLoss(
  policy: tf.Tensor1D,
  reference: tf.Tensor1D,
  desirable: tf.Tensor1D,
  kl: tf.Scalar,
  { beta = DEFAULT_BETA, desirableWeight = 1, undesirableWeight = 1 }: KtoOptions = {},
): { readonly losses: tf.Tensor1D; readonly rewards: tf.Tensor1D } {
  if (!(desirableWeight >= 0 && undesirableWeight >= 0))
    throw outOfRange('kto', 'weights of 0 or more', { desirableWeight, undesirableWeight });
  const rewards = implicitReward(policy, reference, beta); // [N]
  const above = tf.sub<tf.Tensor1D>(rewards, tf.mul(kl, beta)); // s − β z₀
  const sign = tf.sub<tf.Tensor1D>(tf.mul(desirable, 2), 1); // 1 or −1
  const weight = tf.add<tf.Tensor1D>(
    tf.mul(desirable, desirableWeight),
    tf.mul(tf.sub(1, desirable), undesirableWeight),
  );
  const losses = tf.mul<tf.Tensor1D>(weight, tf.sub(1, tf.sigmoid(tf.mul(sign, above))));
  return { losses, rewards };
}

/**
 * KTO's estimate of KL(π ‖ π_ref): the mean log-ratio of prompts with other prompts' answers y', at least 0.
 *
 *     z₀ = max(0, mean(log π(y'|x) − log π_ref(y'|x)))
 *
 * Source: arXiv 2402.01306, section 4.1.
 *
 * @param logRatios log π − log π_ref of the mismatched answers, in nats
 */
export function ktoKl(logRatios: readonly number[]): number {
  return Math.max(0, logRatios.reduce((sum, ratio) => sum + ratio, 0) / logRatios.length);
}
