import type { EncodedRanking } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { plackettLuceLoss } from '../losses/plackett-luce-loss.js';
import { type AnswerTensors, defineMethod, type Method } from '../method.js';
import { pairRecords } from './records.js';

/**
 * DPO on rankings of K ≥ 2 answers: see {@link plackettLuceLoss}. In the records the best answer is the chosen one and the last
 * answer the rejected one. The answers are called `1`, `2`, … `K`.
 *
 * @param options.beta β: the price of moving away from the reference. Default 0.1
 */
export function plackettLuceMethod(options: { readonly beta?: number | undefined } = {}): Method<EncodedRanking> {
  return defineMethod<EncodedRanking>({
    name: 'plackett-luce',
    needs: { reference: 'answers' },
    answers: ({ answers }) => Object.fromEntries(answers.map((answer, k) => [String(k + 1), answer])),
    apply: ({ answers }) => {
      const ranked = Object.values(answers);
      const matrix = (what: keyof AnswerTensors) =>
        tf.stack(
          ranked.map((answer) => answer[what]),
          1,
        ) as tf.Tensor2D; // [N, K]
      const { losses, rewards } = plackettLuceLoss(matrix('policy'), matrix('reference'), options);
      const [best, worst] = [ranked[0] as AnswerTensors, ranked.at(-1) as AnswerTensors];
      return {
        losses,
        columns: {
          'rewards/chosen': column(rewards, 0),
          'rewards/rejected': column(rewards, ranked.length - 1),
          'logps/chosen': best.policy,
          'logps/rejected': worst.policy,
          length_difference: tf.sub(best.lengths, worst.lengths),
        },
      };
    },
    records: pairRecords,
  });
}

/** Column k of a matrix, as a vector. */
function column(matrix: tf.Tensor2D, k: number): tf.Tensor1D {
  return tf.reshape(tf.slice(matrix, [0, k], [-1, 1]), [matrix.shape[0]]);
}
