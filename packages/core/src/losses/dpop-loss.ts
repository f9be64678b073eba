import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * DPO-Positive: DPO with a penalty on chosen answers that become less likely than under the reference.
 *
 *     L = −log σ( β (r_w − r_l − λ max(0, −r_w)) ),   r = log π − log π_ref
 *
 * Source: arXiv 2402.13228 (Smaug).
 *
 * @param options `beta` (default 0.1), `weight` λ (default 50).
 */
export const dpopLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA, weight = 50 },
) => {
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const penalty = tf.mul(tf.relu(tf.neg(chosenRewards)), weight);
  const losses = negativeLogSigmoid(tf.sub(tf.sub(chosenRewards, rejectedRewards), penalty)); // [pairs]
  return { losses, chosenRewards, rejectedRewards };
};
