import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * SPPO with hard labels: a regression of log-ratios to ±1/(2β).
 *
 *     L = (r_w − 1/(2β))² + (r_l + 1/(2β))²,   r = log π − log π_ref
 *
 * Source: Eq. 4.7 of arXiv 2405.00675 with preferences 1 and 0; TRL 1.13, loss `sppo_hard`.
 *
 * @param options `beta` (default 0.1).
 */
export const sppoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA },
) => {
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const target = 1 / (2 * beta);
  const chosen = tf.square(tf.sub(tf.sub(policyChosen, referenceChosen), target));
  const rejected = tf.square(tf.add(tf.sub(policyRejected, referenceRejected), target));
  const losses: tf.Tensor1D = tf.add(chosen, rejected);
  return { losses, chosenRewards, rejectedRewards };
};
