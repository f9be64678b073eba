import { z } from 'zod';
import { option } from './option.js';
import { trainingOptions } from './training-options.js';

/** The options of supervised fine-tuning on the chosen answers. */
export const sftOptions = z.strictObject({
  ...trainingOptions,
  averageOver: option(
    z.enum(['tokens', 'answers']).default('tokens'),
    "What the loss is a mean over: all answer tokens of a step, or its answers, each a sum over its tokens, as in the DPO paper's code",
    { before: 'answers' },
  ),
});
