import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { PairLosses, PreferenceLoss } from './types.js';

/** One term of a sum of losses. */
export interface WeightedLoss {
  readonly loss: PreferenceLoss;
  /** The factor of the term's losses. Default 1. */
  readonly weight?: number;
}

/**
 * A weighted sum of losses on the same pairs, as a loss: L = Σ wᵢ Lᵢ. The implicit rewards are the first term's. TRL's
 * `loss_type` with several names and `loss_weights` is the same.
 *
 * @throws DpoError `loss.out-of-range` when there are no terms, or a weight is not a finite number
 */
export function weightedSum(terms: readonly WeightedLoss[]): PreferenceLoss {
  const [first, ...others] = terms;
  const bad = terms.find(({ weight = 1 }) => !Number.isFinite(weight));
  if (first === undefined || bad !== undefined)
    throw new DpoError('loss.out-of-range', 'A weighted sum of losses needs at least one loss, and finite weights.', {
      values: { weights: terms.map(({ weight = 1 }) => weight) },
    });
  return (...inputs): PairLosses => {
    const scaled = ({ loss, weight = 1 }: WeightedLoss) => {
      const terms = loss(...inputs);
      return { ...terms, losses: weight === 1 ? terms.losses : tf.mul<tf.Tensor1D>(terms.losses, weight) };
    };
    const start = scaled(first);
    return {
      ...start,
      losses: others.reduce((sum, term) => tf.add<tf.Tensor1D>(sum, scaled(term).losses), start.losses),
    };
  };
}
