import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, negativeLogSigmoid, outOfRange } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * EXO on pairs: the reverse KL divergence from the policy's preference to the labels', smoothed by ε.
 *
 *     L = σ(z) (log σ(z) − log(1−ε)) + σ(−z) (log σ(−z) − log ε),   z = s_w − s_l
 *
 * Source: Eq. 16 of arXiv 2402.00856; TRL 1.13, loss `exo_pair`.
 *
 * @param options `beta` (default 0.1), `labelSmoothing` ε in (0, 1) (default 1e-3).
 * @throws DpoError `loss.out-of-range` when ε is not in (0, 1): log ε must be finite
 */
export const exoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA, labelSmoothing = 1e-3 },
) => {
  if (!(labelSmoothing > 0 && labelSmoothing < 1))
    throw outOfRange('exo', '0 < labelSmoothing < 1', { labelSmoothing });
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const z = tf.sub<tf.Tensor1D>(chosenRewards, rejectedRewards); // [pairs]
  const toChosen = tf.sub(tf.neg(negativeLogSigmoid(z)), Math.log1p(-labelSmoothing));
  const toRejected = tf.sub(tf.neg(negativeLogSigmoid(tf.neg(z))), Math.log(labelSmoothing));
  const losses: tf.Tensor1D = tf.add(tf.mul(tf.sigmoid(z), toChosen), tf.mul(tf.sigmoid(tf.neg(z)), toRejected));
  return { losses, chosenRewards, rejectedRewards };
};
