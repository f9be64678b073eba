import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * APO-down: pushes both answers down, the rejected answer more. For data that are worse than the model.
 *
 *     L = σ(s_w) + 1 − σ(s_w − s_l)
 *
 * Source: Eq. 8 of arXiv 2408.06266; TRL 1.13, loss `apo_down`.
 *
 * @param options `beta` (default 0.1).
 */
export const apoDownLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA },
) => {
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const losses: tf.Tensor1D = tf.add(
    tf.sigmoid(chosenRewards),
    tf.sigmoid(tf.sub<tf.Tensor1D>(rejectedRewards, chosenRewards)),
  );
  return { losses, chosenRewards, rejectedRewards };
};
