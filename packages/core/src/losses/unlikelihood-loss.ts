import * as tf from '@tensorflow/tfjs-core';
import type { PreferenceLoss } from './types.js';

/**
 * Unlikelihood, a baseline of the DPO paper: the chosen answer is made likelier and the rejected one less likely, the
 * latter with a weight α, since nothing bounds it.
 *
 *     L = −log π(y_w|x) + α log π(y_l|x)
 *
 * There is no reference and no implicit reward; the log-probabilities stand in the records in its place.
 *
 * Source: arXiv 2305.18290, section 6 ("Unlikelihood"); after arXiv 1908.04319.
 *
 * @param options `weight` α in [0, 1] in the paper (default 0.1); β is not read.
 */
export const unlikelihoodLoss: PreferenceLoss = (policyChosen, policyRejected, _, __, { weight = 0.1 }) => ({
  losses: tf.add<tf.Tensor1D>(tf.neg(policyChosen), tf.mul(policyRejected, weight)),
  chosenRewards: policyChosen,
  rejectedRewards: policyRejected,
});
