import * as tf from '@tensorflow/tfjs-core';
import { column, type Method } from '../method.js';

/** What the loss of supervised fine-tuning is a mean over. */
export type SupervisedMean = 'tokens' | 'answers';

/**
 * Supervised fine-tuning on the chosen answers (Preferred-FT where the data are preferences). Over the N answers of a step:
 *
 *     tokens    L = −Σ_i log π(y_w,i|x_i) / Σ_i |y_w,i|     per token of the whole step, as transformers and TRL do
 *     answers   L = −1/N Σ_i log π(y_w,i|x_i)               the sum over each answer, as the DPO paper's code does
 *
 * log π(y|x) is the sum over the answer's tokens in nats, |y| counts them. Micro-batches change neither.
 *
 * @param options `averageOver`: default `tokens`
 */
export function supervisedMethod(options: { readonly averageOver?: SupervisedMean | undefined } = {}): Method {
  const { averageOver = 'tokens' } = options;
  return {
    name: 'sft',
    sides: ['chosen'],
    needsReference: false,
    answers: ({ chosen }) => [chosen],
    divisor: averageOver === 'tokens' ? ({ chosen }) => chosen.length : undefined,
    apply: ({ policy }) => ({ losses: tf.neg(column(policy, 0)) }),
  };
}
