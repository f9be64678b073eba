import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, lengthsOf } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * IPO on log-ratios per token, as in TRL and as IPO's authors intended for answers of many lengths.
 *
 *     h = (log π(y_w|x) − log π_ref(y_w|x)) / |y_w| − (log π(y_l|x) − log π_ref(y_l|x)) / |y_l|
 *     L = (h − 1/(2β))²
 *
 * |y| counts the answer's tokens, the end token included. β is the paper's τ. The reported rewards are
 * β times the summed log-ratios. Source: Eq. 17 of arXiv 2310.12036; TRL 1.13, loss `ipo`.
 *
 * @param options `beta` (default 0.1), `chosenLengths` and `rejectedLengths` (needed).
 */
export const ipoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA, ...options },
) => {
  const lengths = lengthsOf(options, 'ipo');
  const chosen = tf.div(tf.sub(policyChosen, referenceChosen), lengths.chosen); // [pairs]
  const rejected = tf.div(tf.sub(policyRejected, referenceRejected), lengths.rejected); // [pairs]
  const h = tf.sub(chosen, rejected); // [pairs]
  const losses: tf.Tensor1D = tf.square(tf.sub(h, 1 / (2 * beta))); // Eq. 17
  return {
    losses,
    chosenRewards: implicitReward(policyChosen, referenceChosen, beta),
    rejectedRewards: implicitReward(policyRejected, referenceRejected, beta),
  };
};
