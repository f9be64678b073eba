import * as tf from '@tensorflow/tfjs-core';
import { implicitReward, lengthsOf, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * DPO on log-ratios per token, so that long answers weigh no more than short ones.
 *
 *     L = −log σ( β (r_w/|y_w| − r_l/|y_l|) ),   r = log π − log π_ref
 *
 * |y| counts the answer's tokens. β is per token here, some 20 times the β of DPO. The reported rewards are β r/|y|.
 * Source: arXiv 2411.15124 (Tülu 3), section 5.1.2; TRL 1.13, loss `sigmoid_norm`.
 *
 * @param options `beta` (default 2), `chosenLengths` and `rejectedLengths` (needed).
 */
export const dpoNormLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = 2, ...options },
) => {
  const lengths = lengthsOf(options, 'dpo-norm');
  const chosenRewards: tf.Tensor1D = tf.div(implicitReward(policyChosen, referenceChosen, beta), lengths.chosen);
  const rejectedRewards: tf.Tensor1D = tf.div(
    implicitReward(policyRejected, referenceRejected, beta),
    lengths.rejected,
  );
  const losses = negativeLogSigmoid(tf.sub(chosenRewards, rejectedRewards)); // [pairs]
  return { losses, chosenRewards, rejectedRewards };
};
