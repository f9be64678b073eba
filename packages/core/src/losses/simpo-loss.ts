import * as tf from '@tensorflow/tfjs-core';
import { lengthsOf, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * SimPO: DPO with the log-probability per token as the reward, without a reference.
 *
 *     L = −log σ( β log π(y_w|x)/|y_w| − β log π(y_l|x)/|y_l| − γ )
 *
 * Source: Eq. 6 of arXiv 2405.14734.
 *
 * @param options `beta` (default 2), `targetMargin` γ (default 1), `chosenLengths` and `rejectedLengths` (needed).
 */
export const simpoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  _referenceChosen,
  _referenceRejected,
  { beta = 2, targetMargin = 1, ...options },
) => {
  const lengths = lengthsOf(options, 'simpo');
  const chosenRewards: tf.Tensor1D = tf.mul(tf.div(policyChosen, lengths.chosen), beta); // [pairs]
  const rejectedRewards: tf.Tensor1D = tf.mul(tf.div(policyRejected, lengths.rejected), beta); // [pairs]
  const losses = negativeLogSigmoid(tf.sub(tf.sub(chosenRewards, rejectedRewards), targetMargin)); // [pairs]
  return { losses, chosenRewards, rejectedRewards };
};
