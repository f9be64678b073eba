import type { EncodedRanking } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { plackettLuceLoss } from '../losses/plackett-luce-loss.js';
import type { Method } from '../method.js';

/**
 * DPO on rankings of K ≥ 2 answers, K as each row has it: see {@link plackettLuceLoss}. In the records the best answer is the
 * chosen one and the last the rejected one.
 */
export function plackettLuceMethod(options: { readonly beta?: number | undefined } = {}): Method<EncodedRanking> {
  return {
    name: 'plackett-luce',
    sides: ['chosen', 'rejected'],
    needsReference: true,
    answers: ({ answers }) => answers,
    apply: ({ policy, reference }) => {
      const { losses, rewards } = plackettLuceLoss(policy, reference, options);
      return { losses, rewards: firstAndLast(rewards), logps: firstAndLast(policy) };
    },
  };
}

function firstAndLast(values: tf.Tensor2D): tf.Tensor2D {
  const [rows, k] = values.shape;
  return tf.concat([tf.slice(values, [0, 0], [rows, 1]), tf.slice(values, [0, k - 1], [rows, 1])], 1);
}
