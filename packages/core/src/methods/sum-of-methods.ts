import { DpoError, type EncodedExample, type EncodedPair } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Method } from '../method.js';
import { combine } from './combine.js';

/** One term of a sum of methods. */
export interface WeightedMethod<E extends EncodedExample = EncodedPair> {
  readonly method: Method<E>;
  /** The factor of the term's losses. Default 1. */
  readonly weight?: number | undefined;
}

/**
 * A weighted sum of methods of one kind of example: L = Σ wᵢ Lᵢ, example by example. Supervised fine-tuning may be a term, which
 * it cannot be in a `weightedSum` of losses. When several terms give a record of the same name, the first term's counts. TRL's
 * `loss_type` with several names and `loss_weights` is the same.
 *
 * @throws DpoError `loss.out-of-range` when there are no terms, or a weight is not a finite number
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
