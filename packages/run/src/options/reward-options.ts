import { z } from 'zod';
import { option } from './option.js';
import { trainingOptions } from './training-options.js';

/** The options of training a reward model. */
export const rewardOptions = z.strictObject({
  ...trainingOptions,
  learningRate: option(z.number().positive().default(1e-5), 'Learning rate after warm-up'),
  centre: option(
    z.number().min(0).default(0.01),
    "Keeps rewards near zero: weight of the mean square of the sum of a pair's two rewards (arXiv 2312.09244)",
  ),
  padToken: option(
    z.string().optional(),
    "The padding token in transformers; no text may end with this token [the tokenizer's, else a special token that is free]",
  ),
  normaliseRows: option(
    z.int().min(0).default(256),
    'On how many rows the mean and the deviation of rewards are measured, to be stored beside the weights: held-out rows, if there are any; 0 stores nothing',
    { onResume: 'free' },
  ),
});
