import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * APO-zero: pushes chosen answers up and rejected answers down, each against the reference. For data that are better than the
 * model.
 *
 *     L = 1 − σ(s_w) + σ(s_l)
 *
 * Source: Eq. 7 of arXiv 2408.06266; TRL 1.13, loss `apo_zero`.
 *
 * @param options `beta` (default 0.1).
 */
export const apoZeroLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA },
) => {
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const losses: tf.Tensor1D = tf.add(tf.sigmoid(tf.neg(chosenRewards)), tf.sigmoid(rejectedRewards));
  return { losses, chosenRewards, rejectedRewards };
};
