import * as tf from '@tensorflow/tfjs-core';

/**
 * k3 of each token, an estimate of KL(π ‖ π_ref). An estimate by k3 is never negative and has less variance than one by
 * k1 = log π − log π_ref:
 *
 *     k3 = exp(log π_ref − log π) − (log π_ref − log π) − 1
 *
 * GRPO adds β k3 to its loss. Source: J. Schulman, "Approximating KL divergence"; arXiv 2402.03300, Eq. 4.
 */
export function k3Penalty<T extends tf.Tensor>(policy: T, reference: T): T {
  const logRatio = tf.sub<T>(reference, policy);
  return tf.sub<T>(tf.sub<T>(tf.exp<T>(logRatio), logRatio), 1);
}
