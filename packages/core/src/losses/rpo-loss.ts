import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, lengthsOf, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * RPO: DPO plus the chosen answer's negative log-likelihood per token, which keeps the chosen answer likely.
 *
 *     L = −log σ(z) − α · log π(y_w|x) / |y_w|,   z = s_w − s_l
 *
 * Source: arXiv 2404.19733 (Iterative RPO).
 *
 * @param options `beta` (default 0.1), `weight` α (default 1), `chosenLengths` and `rejectedLengths` (needed).
 */
export const rpoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA, weight = 1, ...options },
) => {
  const lengths = lengthsOf(options, 'rpo');
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const z = tf.sub<tf.Tensor1D>(chosenRewards, rejectedRewards); // [pairs]
  const perToken = tf.div(policyChosen, lengths.chosen);
  const losses: tf.Tensor1D = tf.sub(negativeLogSigmoid(z), tf.mul(perToken, weight));
  return { losses, chosenRewards, rejectedRewards };
};
