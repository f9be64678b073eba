import { sigmoidLoss } from './sigmoid-loss.js';
import type { PreferenceLoss } from './types.js';

/**
 * Conservative DPO: the expected loss of DPO when a share ε of the labels is wrong.
 *
 *     L = −(1−ε) log σ(z) − ε log σ(−z),   z = s_w − s_l
 *
 * The loss is smallest at σ(z) = 1 − ε, so that the margin stays bounded. Source: Mitchell, "A note on DPO with noisy preferences
 * and relationship to IPO" (2023), and `label_smoothing` of the DPO paper's code.
 *
 * @param options `beta` (default 0.1), `labelSmoothing` ε in [0, ½) (default 0.1).
 */
export const cdpoLoss: PreferenceLoss = (
  policyChosen,
  policyRejected,
  referenceChosen,
  referenceRejected,
  { labelSmoothing = 0.1, ...options },
) => sigmoidLoss(policyChosen, policyRejected, referenceChosen, referenceRejected, { ...options, labelSmoothing });
