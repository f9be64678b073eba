import { sftRun } from '@dpo/run';
import { sftOptions } from '@dpo/run/command-line';
import { defineCommand } from '../command/define.js';
import { trainAndConclude } from '../training/conclude.js';
import { nothingSavedNote } from '../training/interruption.js';
import { shellWord } from '../ui/shell-word.js';

/** `dpo sft`: supervised fine-tuning on the chosen answers (the paper's Preferred-FT, and its reference model). */
export const sftCommand = defineCommand({
  name: 'sft',
  summary: 'Fine-tune a model on prompts and chosen answers',
  options: sftOptions,
  guardsOutputs: true,
  details:
    'Takes the same data as dpo train and reads prompt and chosen. The loss is the mean of −log π over the answer tokens of a step.',
  whenInterrupted: nothingSavedNote,
  sharesWork: true,
  run: (options, context) =>
    trainAndConclude(
      options,
      (runOptions) => sftRun(options, runOptions),
      (final) =>
        `dpo train --model ${final} --data ${shellWord(options.data)} --output ${shellWord(`${options.output}-dpo`)}`,
      context,
    ),
});
