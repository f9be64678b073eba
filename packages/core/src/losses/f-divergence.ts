import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, negativeLogSigmoid, outOfRange } from './common.js';
import type { PreferenceLoss } from './types.js';

/** e to a larger exponent is near the end of float32; TRL clamps there too. */
const LARGEST_EXPONENT = 80;

/**
 * f-DPO: DPO with another divergence between policy and reference instead of the reverse KL divergence.
 *
 *     L = −log σ(s_w − s_l),   s = β f′(u),   u = π(y|x) / π_ref(y|x)
 *
 * with f′ of the divergence as a function of r = log u; constants cancel. The implicit reward s is the reward of Eq. 8 of
 * arXiv 2309.16240, up to a term of x alone.
 */
function fDivergence(derivative: (logRatio: tf.Tensor1D) => tf.Tensor1D): PreferenceLoss {
  return (policyChosen, policyRejected, referenceChosen, referenceRejected, { beta = DEFAULT_BETA }) => {
    const reward = (policy: tf.Tensor1D, reference: tf.Tensor1D): tf.Tensor1D =>
      tf.mul(derivative(tf.sub(policy, reference)), beta);
    const chosenRewards = reward(policyChosen, referenceChosen); // [pairs]
    const rejectedRewards = reward(policyRejected, referenceRejected); // [pairs]
    const losses = negativeLogSigmoid(tf.sub(chosenRewards, rejectedRewards));
    return { losses, chosenRewards, rejectedRewards };
  };
}

/** e^x; beyond the largest exponent, the value there with slope 0. */
function boundedExp(x: tf.Tensor1D): tf.Tensor1D {
  return tf.exp(tf.minimum(x, LARGEST_EXPONENT));
}

/**
 * f-DPO with the forward KL divergence KL(π_ref ‖ π): f′ = 1 − e^{−r}. The policy keeps mass wherever the reference has mass,
 * because the reward falls exponentially when the policy gives up an answer.
 *
 * Source: arXiv 2309.16240, table 1; TRL 1.13, `f_divergence_type="forward_kl"`, here without overflow.
 */
export const forwardKlLoss = fDivergence((r) => tf.sub(1, boundedExp(tf.neg(r))));

/**
 * f-DPO with the Jensen–Shannon divergence: f′ = log 2 + log σ(r). The reward is at most β log 2.
 *
 * Source: arXiv 2309.16240, table 1; TRL 1.13, `f_divergence_type="js_divergence"`.
 */
export const jensenShannonLoss = fDivergence((r) => tf.sub(Math.LN2, negativeLogSigmoid(r)));

/**
 * f-DPO with an α-divergence: f′ = (e^{(α−1) r} − 1) / (α − 1). As α → 0 it tends to the forward KL divergence, and as α → 1 to
 * the reverse KL divergence, which is DPO.
 *
 * Source: arXiv 2309.16240, table 1; TRL 1.13, `f_divergence_type="alpha_divergence"`, whose α this is.
 *
 * @param options `alpha` in (0, 1) (default ½).
 * @throws DpoError `loss.out-of-range` when α is not in (0, 1)
 */
export const alphaDivergenceLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  options,
) => {
  const { alpha = 0.5 } = options;
  if (!(alpha > 0 && alpha < 1)) throw outOfRange('dpo-alpha', '0 < alpha < 1', { alpha });
  const loss = fDivergence((r) => tf.div(tf.sub(boundedExp(tf.mul(r, alpha - 1)), 1), alpha - 1));
  return loss(policyChosen, policyRejected, referenceChosen, referenceRejected, options);
};
