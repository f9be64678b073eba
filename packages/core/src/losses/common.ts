import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { LossOptions } from './types.js';

/** The default of β: the DPO paper's value for dialogue and sentiment. */
export const DEFAULT_BETA = 0.1;

/** β · (log π − log π_ref): the implicit reward of Eq. 5 of arXiv 2305.18290, up to a term of x alone. */
export function implicitReward(policy: tf.Tensor1D, reference: tf.Tensor1D, beta: number): tf.Tensor1D {
  return tf.mul(tf.sub(policy, reference), beta);
}

/** z = s_w − s_l − m: the reward margin beyond the pair's own margin m. Without margins, m is 0. */
export function marginBeyond(
  chosenRewards: tf.Tensor1D,
  rejectedRewards: tf.Tensor1D,
  margins?: tf.Tensor1D,
): tf.Tensor1D {
  const z = tf.sub<tf.Tensor1D>(chosenRewards, rejectedRewards); // [pairs]
  return margins === undefined ? z : tf.sub(z, margins);
}

/** −log σ(z), exact for every float32 z. The gradient of `tf.logSigmoid` overflows. */
export function negativeLogSigmoid(z: tf.Tensor1D): tf.Tensor1D {
  return tf.softplus(tf.neg(z));
}

/**
 * The answers' lengths, for losses per token. Lengths below 1 become 1.
 *
 * @throws DpoError `loss.needs-lengths` when the options lack them
 */
export function lengthsOf(options: LossOptions, loss: string): { chosen: tf.Tensor1D; rejected: tf.Tensor1D } {
  const { chosenLengths, rejectedLengths } = options;
  if (chosenLengths === undefined || rejectedLengths === undefined)
    throw new DpoError('loss.needs-lengths', `The loss ${loss} divides by the answers' lengths, but got no lengths.`, {
      values: { loss },
      hint: 'Pass chosenLengths and rejectedLengths, the number of tokens of each answer.',
    });
  return { chosen: tf.maximum(chosenLengths, 1), rejected: tf.maximum(rejectedLengths, 1) };
}

/** The error `loss.out-of-range`, for an option that a loss cannot work with. */
export function outOfRange(loss: string, range: string, values: Readonly<Record<string, number>>): DpoError {
  const got = Object.entries(values).map(([name, value]) => `${name} = ${value}`);
  return new DpoError('loss.out-of-range', `The loss ${loss} needs ${range}, got ${got.join(', ')}.`, { values });
}
