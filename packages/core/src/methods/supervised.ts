import type { EncodedPair } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { defineMethod, type Method } from '../method.js';

/** The mean of supervised fine-tuning: over all answer tokens of a step, or over the answers, with the sum over each answer's tokens. */
export type SupervisedMean = 'tokens' | 'answers';

/**
 * Supervised fine-tuning on the chosen answers, which the DPO paper calls Preferred-FT:
 *
 *     tokens     L = −Σ_i log π(y_i|x_i) / Σ_i |y_i|, as transformers and TRL train
 *     answers    L = −Σ_i log π(y_i|x_i) / N, N answers to a step, as in the DPO paper's code
 *
 * Both are exact, whatever the micro-batches and the workers. Default: `tokens`.
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
            // The trainer takes the mean over examples; times examples per token it is the mean over tokens.
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
