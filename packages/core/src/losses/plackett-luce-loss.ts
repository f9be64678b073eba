import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA } from './common.js';

/**
 * DPO on rankings: the order of K answers is the outcome of a Plackett–Luce model whose reward is the policy's log-ratio.
 *
 *     s = β (log π(y|x) − log π_ref(y|x))
 *     L = −Σ_k [ s_k − log Σ_{j ≥ k} exp(s_j) ]
 *
 * With K = 2 this is DPO's loss. When policy and reference agree, L = ln K!. Source: arXiv 2305.18290, Eq. 20.
 *
 * @param policy log π(y_k|x), the best answer first, [N, K]
 * @param reference log π_ref(y_k|x), [N, K]
 * @param options.beta β: the price of moving away from the reference. Default 0.1
 * @returns `losses` [N] and `rewards` s [N, K]
 */
export function plackettLuceLoss(
  policy: tf.Tensor2D,
  reference: tf.Tensor2D,
  { beta = DEFAULT_BETA }: { readonly beta?: number | undefined } = {},
): { readonly losses: tf.Tensor1D; readonly rewards: tf.Tensor2D } {
  const [n, k] = policy.shape;
  const rewards = tf.mul<tf.Tensor2D>(tf.sub(policy, reference), beta); // [N, K]
  // Answers of better ranks no longer compete: entry (k, j) of the mask is far below every reward for j < k.
  const mask = tf.tensor2d(
    Array.from({ length: k }, (_, at) => Array.from({ length: k }, (_, j) => (j < at ? FAR_BELOW : 0))),
  );
  const competitors = tf.add<tf.Tensor3D>(tf.reshape(rewards, [n, 1, k]), tf.reshape(mask, [1, k, k])); // [N, K, K]
  const losses = tf.sum<tf.Tensor1D>(tf.sub(tf.logSumExp(competitors, 2), rewards), 1); // [N]
  return { losses, rewards };
}

/** The exponential of this number is 0 beside any reward's, and the number plus a reward stays finite. */
const FAR_BELOW = -1e30;
