import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, negativeLogSigmoid, outOfRange } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * DiscoPOP: a loss that a language model discovered, a mixture of the logistic and the exponential loss.
 *
 *     L = (1 − σ(z/τ)) · (−log σ(z)) + σ(z/τ) · e^(−z),   z = s_w − s_l
 *
 * Source: Eq. 5 of arXiv 2406.08414; TRL 1.13, loss `discopop`.
 *
 * @param options `beta` (default 0.1), `temperature` τ in (0, 1) (default 0.05).
 * @throws DpoError `loss.out-of-range` when τ is not in (0, 1): the exponential would grow faster than its weight falls
 */
export const discopopLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA, temperature = 0.05 },
) => {
  if (!(temperature > 0 && temperature < 1)) throw outOfRange('discopop', '0 < temperature < 1', { temperature });
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const z = tf.sub<tf.Tensor1D>(chosenRewards, rejectedRewards); // [pairs]
  const modulation = tf.div<tf.Tensor1D>(z, temperature);
  const logistic = tf.mul(tf.sigmoid(tf.neg(modulation)), negativeLogSigmoid(z));
  // σ(z/τ) e^(−z) as one exponential: the product of the two would be 0 · ∞ for a very negative z.
  const exponential = tf.exp(tf.neg(tf.add(z, negativeLogSigmoid(modulation))));
  const losses: tf.Tensor1D = tf.add(logistic, exponential);
  return { losses, chosenRewards, rejectedRewards };
};
