import type { EncodedAnswer } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { type KtoOptions, ktoKl, ktoLoss } from '../losses/kto-loss.js';
import { column, type Method } from '../method.js';

/**
 * KTO on answers that were judged on their own: see {@link ktoLoss}. The KL divergence is estimated over all rows of a step,
 * whatever its micro-batches, from each prompt with another prompt's answer; the records have it as `kl`.
 */
export function ktoMethod(options: KtoOptions = {}): Method<EncodedAnswer> {
  return {
    name: 'kto',
    sides: ['chosen', 'rejected'],
    needsReference: true,
    unpaired: true,
    reads: ['completion'],
    answers: ({ completion }) => [completion],
    numbers: ({ desirable }) => ({ desirable: desirable ? 1 : 0 }),
    baseline: { name: 'kl', sides: ['mismatched'], answers: ({ mismatched }) => [mismatched], estimate: ktoKl },
    apply: ({ policy, reference, numbers, baseline }) => {
      const desirable = numbers.desirable as tf.Tensor1D;
      const logps = column(policy, 0);
      const { losses, rewards } = ktoLoss(logps, column(reference, 0), desirable, baseline, options);
      return { losses, rewards: bySide(rewards, desirable), logps: bySide(logps, desirable) };
    },
  };
}

/** [rows, 2]: desirable rows in the first column, the others in the second, NaN beside them. */
function bySide(values: tf.Tensor1D, desirable: tf.Tensor1D): tf.Tensor2D {
  const is = tf.greater(desirable, 0.5);
  const none = tf.fill([values.size], Number.NaN);
  return tf.stack([tf.where(is, values, none), tf.where(is, none, values)], 1) as tf.Tensor2D;
}
