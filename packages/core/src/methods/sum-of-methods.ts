import { DpoError, type EncodedExample, type EncodedPair } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Method } from '../method.js';
import { combine } from './combine.js';

/** One term of a sum of methods. */
export interface WeightedMethod<E extends EncodedExample = EncodedPair> {
  readonly method: Method<E>;
  /** Default 1. */
  readonly weight?: number | undefined;
}

/**
 * Several methods of one kind of example as one: L = Σ wᵢ Lᵢ, example by example. Supervised fine-tuning may be one of them,
 * which {@link weightedSum} of losses does not know. Of records that several terms give, the first term's counts.
 * TRL's `loss_type` with several names and `loss_weights` is the same.
 *
 * @throws DpoError `loss.out-of-range` for no terms at all, or a weight that is not a finite number
 */
export function sumOfMethods<E extends EncodedExample = EncodedPair>(terms: readonly WeightedMethod<E>[]): Method<E> {
  const weights = terms.map(({ weight = 1 }) => weight);
  if (terms.length === 0 || weights.some((weight) => !Number.isFinite(weight)))
    throw new DpoError('loss.out-of-range', 'A weighted sum of losses needs at least one loss, and finite weights.', {
      values: { weights },
    });
  return combine(
    terms.map(({ method }) => method),
    {
      name: terms.map(({ method }, i) => (weights[i] === 1 ? method.name : `${weights[i]}*${method.name}`)).join('+'),
      losses: (inputs, parts) =>
        tf.addN(parts.map((part, i) => tf.mul<tf.Tensor1D>(part.apply(inputs).losses, weights[i] ?? 1))), // [N]
    },
  );
}
