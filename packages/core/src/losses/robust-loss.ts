import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, negativeLogSigmoid, outOfRange } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * Robust DPO: an unbiased estimate of DPO's loss on clean labels, from labels of which a share ε is flipped.
 *
 *     L = [ −(1−ε) log σ(z) + ε log σ(−z) ] / (1 − 2ε),   z = s_w − s_l
 *
 * Unlike cDPO's loss, this loss is not bounded from below. Source: arXiv 2403.00409.
 *
 * @param options `beta` (default 0.1), `labelSmoothing` ε in [0, ½) (default 0.1).
 * @throws DpoError `loss.out-of-range` when ε is not below ½: the labels would say nothing
 */
export const robustLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA, labelSmoothing = 0.1 },
) => {
  if (!(labelSmoothing >= 0 && labelSmoothing < 0.5))
    throw outOfRange('robust', '0 ≤ labelSmoothing < 0.5', { labelSmoothing });
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const z = tf.sub<tf.Tensor1D>(chosenRewards, rejectedRewards); // [pairs]
  const clean = tf.mul(negativeLogSigmoid(z), 1 - labelSmoothing);
  const flipped = tf.mul(negativeLogSigmoid(tf.neg(z)), labelSmoothing);
  const losses: tf.Tensor1D = tf.div(tf.sub(clean, flipped), 1 - 2 * labelSmoothing);
  return { losses, chosenRewards, rejectedRewards };
};
