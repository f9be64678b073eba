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
  options: z.strictObject(trainingOptions),
  details:
    'Takes the same data as dpo train and reads prompt and chosen. The loss is −log π(y|x), summed over the answer.',
  whenInterrupted: nothingSavedNote,
  run: (options, context) =>
    runTrainingCommand(
      {
        name: 'sft',
        options,
        rows: pairRows,
        method: supervisedMethod(),
        reference: async () => ({ train: noReference(), held: undefined }),
      },
      context,
    ),
});
