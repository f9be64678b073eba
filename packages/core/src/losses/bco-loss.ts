import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * BCO on pairs: a binary classifier whose logit is the reward, without BCO's running shift δ (0 here, as in TRL).
 *
 *     L = −log σ(s_w) − log σ(−s_l)
 *
 * Source: arXiv 2404.04656; TRL 1.13, loss `bco_pair`.
 *
 * @param options `beta` (default 0.1).
 */
export const bcoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA },
) => {
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const losses: tf.Tensor1D = tf.add(negativeLogSigmoid(chosenRewards), negativeLogSigmoid(tf.neg(rejectedRewards)));
  return { losses, chosenRewards, rejectedRewards };
};
