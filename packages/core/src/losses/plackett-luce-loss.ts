import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA } from './common.js';

/**
 * DPO on rankings: the order of K answers is the outcome of a Plackett–Luce model whose reward is the policy's log-ratio.
 *
 *     s = β (log π(y|x) − log π_ref(y|x))
 *     L = −Σ_k [ s_k − log Σ_{j ≥ k} exp(s_j) ]
 *
 * With K = 2 it is DPO's loss; L = ln K! where policy and reference agree. Source: arXiv 2305.18290, Eq. 20.
 *
 * @param policy log π(y_k|x), the best answer first, [rows, K]
 * @param reference log π_ref(y_k|x), [rows, K]
 * @returns `losses` [rows] and `rewards` s [rows, K]
 */
export function plackettLuceLoss(
  policy: tf.Tensor2D,
  reference: tf.Tensor2D,
  { beta = DEFAULT_BETA }: { readonly beta?: number | undefined } = {},
): { readonly losses: tf.Tensor1D; readonly rewards: tf.Tensor2D } {
  const [rows, k] = policy.shape;
  const rewards = tf.mul<tf.Tensor2D>(tf.sub(policy, reference), beta); // [rows, K]
  // Answers that were placed before are out of the race: entry (k, j) is far below every reward where j < k.
  const placed = tf.tensor2d(
    Array.from({ length: k }, (_, at) => Array.from({ length: k }, (_, j) => (j < at ? FAR_BELOW : 0))),
  );
  const left = tf.add<tf.Tensor3D>(tf.reshape(rewards, [rows, 1, k]), tf.reshape(placed, [1, k, k])); // [rows, K, K]
  const losses = tf.sum<tf.Tensor1D>(tf.sub(tf.logSumExp(left, 2), rewards), 1); // [rows]
  return { losses, rewards };
}

/** Its exponential is 0 next to any reward, and a sum with a reward stays finite. */
const FAR_BELOW = -1e30;
