import type { EncodedExample } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Method } from '../method.js';
import { decorate } from './combine.js';

/**
 * The method with each example's loss times the example's `weight`:
 *
 *     L = 1/N Σ_i w_i L_i,   N examples to a step
 *
 * The weights are not normalised: twice the weights are twice the gradient. Rewards and log-probabilities in the records are not
 * weighted.
 *
 * @throws DpoError `train.missing-number` in training, with the row of the first example without a weight
 */
export function withWeights<E extends EncodedExample>(method: Method<E>): Method<E> {
  return decorate(method, {
    name: method.name,
    inputs: ({ weight }) => ({ numbers: { weight } }),
    losses: (inputs, part) => tf.mul(part.apply(inputs).losses, inputs.numbers.weight as tf.Tensor1D),
  });
}
