import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, implicitReward, marginBeyond, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * DPO: the pair's answers are labelled by a Bradley–Terry model whose reward is the policy's own log-ratio.
 *
 *     z = s_w − s_l,   s = β (log π(y|x) − log π_ref(y|x))
 *     L = −(1−ε) log σ(z) − ε log σ(−z)
 *
 * With ε = 0 this is Eq. 7 of arXiv 2305.18290; L = ln 2 when policy and reference agree.
 * With a margin m to each pair, z is s_w − s_l − m: DPO with an offset (arXiv 2402.10571).
 * With ε > 0 this is conservative DPO (cDPO), which supposes that a share ε of the labels is wrong.
 *
 * @param options `beta` (default 0.1), `labelSmoothing` ε in [0, ½) (default 0), `margins` m (default 0).
 */
export const sigmoidLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { beta = DEFAULT_BETA, labelSmoothing = 0, margins },
) => {
  const chosenRewards = implicitReward(policyChosen, referenceChosen, beta); // [pairs]
  const rejectedRewards = implicitReward(policyRejected, referenceRejected, beta); // [pairs]
  const z = marginBeyond(chosenRewards, rejectedRewards, margins); // [pairs]
  const plain = negativeLogSigmoid(z); // Eq. 7
  const losses =
    labelSmoothing === 0
      ? plain
      : tf.add<tf.Tensor1D>(tf.mul(plain, 1 - labelSmoothing), tf.mul(negativeLogSigmoid(tf.neg(z)), labelSmoothing));
  return { losses, chosenRewards, rejectedRewards };
};
