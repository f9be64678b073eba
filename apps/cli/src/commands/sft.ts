import { noReference, supervisedMethod } from '@dpo/core';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { trainingOptions } from '../options/training.js';
import { runTrainingCommand } from '../training/command.js';
import { nothingSavedNote } from '../training/interruption.js';
import { pairRows } from '../training/row-kinds.js';

/** `dpo sft`: supervised fine-tuning on the chosen answers (the paper's Preferred-FT, and its reference model). */
export const sftCommand = defineCommand({
  name: 'sft',
  summary: 'Fine-tune a model on prompts and chosen answers',
  options: z.strictObject({
    ...trainingOptions,
    averageOver: z
      .enum(['tokens', 'answers'])
      .default('tokens')
      .describe(
        "What the loss is a mean over: all answer tokens of a step, or its answers, summed over each, as in the DPO paper's code",
      ),
  }),
  details:
    'Takes the same data as dpo train and reads prompt and chosen. The loss is −log π(y|x) per answer token of the step.',
  whenInterrupted: nothingSavedNote,
  run: (options, context) =>
    runTrainingCommand(
      {
        name: 'sft',
        options,
        rows: pairRows,
        method: supervisedMethod({ averageOver: options.averageOver }),
        reference: async () => ({ train: noReference(), held: undefined }),
      },
      context,
    ),
});
