import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * NCA on pairs: pushes the chosen answer's reward up and the rejected answer's reward down, each by itself, so that the chosen
 * answer stays likely.
 *
 *     L = −log σ(s_w) − ½ log σ(−s_w) − ½ log σ(−s_l)
 *
 * Source: arXiv 2402.05369; TRL 1.13, loss `nca_pair`.
 *
 * @param options `beta` (default 0.1).
 */
export const ncaLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA },
) => {
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const up = negativeLogSigmoid(chosenRewards);
  const down = tf.add(negativeLogSigmoid(tf.neg(chosenRewards)), negativeLogSigmoid(tf.neg(rejectedRewards)));
  const losses: tf.Tensor1D = tf.add(up, tf.mul(down, 0.5));
  return { losses, chosenRewards, rejectedRewards };
};
