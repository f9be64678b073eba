import { DpoError, type EncodedExample } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Method } from '../method.js';
import { decorate } from './combine.js';

/**
 * WPO: the method with each example's loss times a weight, which says how likely the policy is to write the example's answers.
 * Data from other models then count like the policy's own:
 *
 *     w(x, y) = exp(1/|y| Σ_t (log π(y_t) − log Σ_v π(v)²)),   L = w(x, y_w) w(x, y_l) L_method
 *
 * without a gradient through the weights. Source: arXiv 2406.11827, Eq. 2 with its sampled alignment; TRL's `use_weighting`.
 *
 * @throws DpoError `loss.out-of-range` when the method compares the pairs of a step with each other; TRL refuses that too
 */
export function withPolicyWeights<E extends EncodedExample>(method: Method<E>): Method<E> {
  if (method.needs.others)
    throw new DpoError(
      'loss.out-of-range',
      `${method.name} compares pairs of a step with each other, so that a weight of each pair has no meaning.`,
      {
        values: { method: method.name },
      },
    );
  return decorate(method, {
    name: method.name,
    needs: { alignments: true },
    losses: (inputs, part) => {
      const { losses } = part.apply(inputs);
      const alignments = inputs.tokens.sum(inputs.tokens.alignments as tf.Tensor1D);
      const logWeights = Object.entries(inputs.answers).map(([name, { lengths }]) =>
        tf.div<tf.Tensor1D>(alignments[name] as tf.Tensor1D, tf.maximum(lengths, 1)),
      );
      return tf.mul(losses, tf.exp(tf.addN(logWeights))); // [N]
    },
  });
}
