import * as tf from '@tensorflow/tfjs-core';
import { lengthsOf, negativeLogSigmoid } from './common.js';
import type { PreferenceLoss } from './types.js';

/**
 * ORPO: supervised fine-tuning on the chosen answer with an odds-ratio penalty, without a reference.
 *
 *     L = −p_w − λ log σ( log odds_w − log odds_l ),   p = log π(y|x)/|y|,   log odds = p − log(1 − e^p)
 *
 * The reported rewards are λ p. Source: Eq. 6 and 7 of arXiv 2403.07691.
 *
 * @param options `weight` λ (default 0.1), `chosenLengths` and `rejectedLengths` (needed).
 */
export const orpoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  _referenceChosen,
  _referenceRejected,
  { weight = 0.1, ...options },
) => {
  const lengths = lengthsOf(options, 'orpo');
  const chosen = tf.div<tf.Tensor1D>(policyChosen, lengths.chosen); // [pairs]
  const rejected = tf.div<tf.Tensor1D>(policyRejected, lengths.rejected); // [pairs]
  const ratio = tf.sub<tf.Tensor1D>(logOdds(chosen), logOdds(rejected)); // [pairs]
  const losses: tf.Tensor1D = tf.sub(tf.mul(negativeLogSigmoid(ratio), weight), chosen);
  return { losses, chosenRewards: tf.mul(chosen, weight), rejectedRewards: tf.mul(rejected, weight) };
};

/** log(eᵖ / (1 − eᵖ)), with p at most −1e-6 so that the odds stay finite. */
function logOdds(p: tf.Tensor1D): tf.Tensor1D {
  const below = tf.minimum<tf.Tensor1D>(p, -1e-6);
  // 1 − eᵖ by expm1, which keeps its digits near p = 0.
  return tf.sub(below, tf.log(tf.neg(tf.expm1(below))));
}
