import type { EncodedExample } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Method } from '../method.js';

/**
 * The same method with each row's loss times the row's `weight`:
 *
 *     L = 1/N Σ_i w_i L_i,   N rows to a step
 *
 * The weights are not normalised: twice the weights are twice the gradient. Rewards and log-probabilities are recorded as
 * they are.
 *
 * @throws DpoError `train.missing-number` in training, naming the first row without a weight.
 */
export function withWeights<Row extends EncodedExample>(method: Method<Row>): Method<Row> {
  return {
    ...method,
    numbers: (row) => ({ ...method.numbers?.(row), weight: row.weight }),
    apply: (inputs) => {
      const terms = method.apply(inputs);
      return { ...terms, losses: tf.mul(terms.losses, inputs.numbers.weight as tf.Tensor1D) };
    },
  };
}
