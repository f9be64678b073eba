import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Method } from '../method.js';

/**
 * WPO: the same method of pairs with each pair's loss times how likely its answers are to come from the policy itself, so
 * that data of other models count as if they were the policy's own:
 *
 *     w(x, y) = exp(1/|y| Σ_t (log π(y_t) − log Σ_v π(v)²)),   L = w(x, y_w) w(x, y_l) L_method
 *
 * without a gradient through the weights. Source: arXiv 2406.11827, Eq. 2 with its sampled alignment; TRL's `use_weighting`.
 *
 * @throws DpoError `loss.out-of-range` for a method that compares the pairs of a step with each other, as TRL refuses too.
 */
export function withPolicyWeights(method: Method): Method {
  if (method.acrossRows !== undefined)
    throw new DpoError(
      'loss.out-of-range',
      `${method.name} compares pairs of a step; weights of each have no meaning.`,
      {
        values: { method: method.name },
      },
    );
  return {
    ...method,
    needsAlignments: true,
    apply: (inputs) => {
      const terms = method.apply(inputs);
      const weights = tf.exp(tf.sum<tf.Tensor1D>(inputs.alignments as tf.Tensor2D, 1)); // [rows]
      return { ...terms, losses: tf.mul<tf.Tensor1D>(terms.losses, weights) };
    },
  };
}
