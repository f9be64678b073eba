import type { EncodedPair } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { defineMethod, type Method } from '../method.js';

/** What supervised fine-tuning takes the mean over: all answer tokens of a step, or its answers, summed over each. */
export type SupervisedMean = 'tokens' | 'answers';

/**
 * Supervised fine-tuning on the chosen answers (Preferred-FT where the data are preferences):
 *
 *     tokens     L = −Σ_i log π(y_i|x_i) / Σ_i |y_i|, as transformers and TRL train
 *     answers    L = −Σ_i log π(y_i|x_i) / N, N answers to a step, as in the DPO paper's code
 *
 * Both are exact whatever the micro-batches and the workers. Default: `tokens`.
 */
export function supervisedMethod({ averageOver = 'tokens' }: { readonly averageOver?: SupervisedMean } = {}): Method {
  return defineMethod<EncodedPair, 'chosen'>({
    name: 'sft',
    answers: { chosen: ({ chosen }) => chosen },
    prepare:
      averageOver === 'answers'
        ? undefined
        : async ({ examples, collective }) => {
            const tokens = examples.reduce((sum, { chosen }) => sum + chosen.length, 0);
            const all = await collective.gather([examples.length, tokens]);
            const total = (k: number) => all.reduce((sum, counts) => sum + (counts[k] as number), 0);
            // The trainer's mean over examples times this is the mean over tokens.
            return { scalars: { examplesPerToken: total(0) / total(1) } };
          },
    apply: ({ answers: { chosen }, scalars }) => ({
      losses: scalars.examplesPerToken
        ? tf.mul(tf.neg(chosen.policy), scalars.examplesPerToken)
        : tf.neg(chosen.policy),
      columns: { 'logps/chosen': chosen.policy },
    }),
  });
}
