import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * IPO on summed log-ratios, as in the paper's equation and in the DPO paper's code.
 *
 *     h = (log π(y_w|x) − log π_ref(y_w|x)) − (log π(y_l|x) − log π_ref(y_l|x))
 *     L = (h − 1/(2β))²
 *
 * β is the paper's τ. Source: Eq. 17 of arXiv 2310.12036.
 *
 * @param options `beta` (default 0.1).
 */
export const ipoSumLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA },
) => {
  const h = tf.sub(tf.sub(policyChosen, referenceChosen), tf.sub(policyRejected, referenceRejected)); // [pairs]
  const losses: tf.Tensor1D = tf.square(tf.sub(h, 1 / (2 * beta))); // Eq. 17
  return {
    losses,
    chosenRewards: implicitReward(policyChosen, referenceChosen, beta),
    rejectedRewards: implicitReward(policyRejected, referenceRejected, beta),
  };
};
