import * as tf from '@tensorflow/tfjs-core';
import type { PreferenceLoss } from './types.js';

/**
 * Unlikelihood, a baseline of the DPO paper: makes the chosen answer likelier and the rejected answer less likely. The term of
 * the rejected answer has a weight α, since nothing bounds the term.
 *
 *     L = −log π(y_w|x) + α log π(y_l|x)
 *
 * There is no reference and no implicit reward; the records have log-probabilities as rewards.
 *
 * Source: arXiv 2305.18290, section 6 ("Unlikelihood"); after arXiv 1908.04319.
 *
 * @param options `weight` α (default 0.1), in [0, 1] in the paper; β is not read.
 */
export const unlikelihoodLoss: PreferenceLoss = (policyChosen, policyRejected, _, __, { weight = 0.1 }) => ({
  losses: tf.add<tf.Tensor1D>(tf.neg(policyChosen), tf.mul(policyRejected, weight)),
  chosenRewards: policyChosen,
  rejectedRewards: policyRejected,
});
