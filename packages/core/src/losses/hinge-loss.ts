import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, marginBeyond } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * Hinge loss on the reward margin (SLiC's calibration, normalised as in RSO).
 *
 *     L = max(0, 1 − z),   z = s_w − s_l,   s = β (log π − log π_ref)
 *
 * Source: arXiv 2305.10425 (SLiC-HF), 2309.06657 (RSO, whose γ is β here).
 *
 * @param options `beta` (default 0.1): 1/β is the margin of log-ratios that the loss asks for; `margins` m, taken from z (default 0).
 */
export const hingeLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA, margins },
) => {
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const z = marginBeyond(chosenRewards, rejectedRewards, margins); // [pairs]
  const losses: tf.Tensor1D = tf.relu(tf.sub(1, z));
  return { losses, chosenRewards, rejectedRewards };
};
