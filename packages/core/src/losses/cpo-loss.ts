import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, lengthsOf, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * CPO: DPO without a reference, plus the chosen answer's negative log-likelihood per token.
 *
 *     L = −log σ( β (log π(y_w|x) − log π(y_l|x)) ) − α · log π(y_w|x) / |y_w|
 *
 * Source: arXiv 2401.08417; α and the mean over tokens as in TRL's CPOTrainer.
 *
 * @param options `beta` (default 0.1), `weight` α (default 1), `chosenLengths` and `rejectedLengths` (needed).
 */
export const cpoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  _referenceChosen,
  _referenceRejected,
  { beta = DEFAULT_BETA, weight = 1, ...options },
) => {
  const lengths = lengthsOf(options, 'cpo');
  const chosenRewards: tf.Tensor1D = tf.mul(policyChosen, beta); // [pairs]
  const rejectedRewards: tf.Tensor1D = tf.mul(policyRejected, beta); // [pairs]
  const perToken = tf.div(policyChosen, lengths.chosen);
  const preference = negativeLogSigmoid(tf.sub(chosenRewards, rejectedRewards)); // [pairs]
  const losses: tf.Tensor1D = tf.sub(preference, tf.mul(perToken, weight));
  return { losses, chosenRewards, rejectedRewards };
};
