import { rlRun } from '@dpo/run';
import { rlOptions } from '@dpo/run/command-line';
import { defineCommand } from '../command/define.js';
import { trainAndConclude } from '../training/conclude.js';
import { nothingSavedNote } from '../training/interruption.js';

/** `dpo rl`: training on answers that the policy itself writes, by a reward. */
export const rlCommand = defineCommand({
  name: 'rl',
  summary: 'Train a model on its own answers, by a reward',
  options: rlOptions,
  guardsOutputs: true,
  whenInterrupted: nothingSavedNote,
  details:
    'Example: dpo rl --model ./my-model --data prompts.jsonl --reward vader --output runs/rl --lora-rank 8 --learning-rate 1e-3',
  sharesWork: true,
  run: (options, context) =>
    trainAndConclude(
      options,
      (runOptions) => rlRun(options, runOptions),
      (final) => `dpo generate --model ${final} --prompt "A prompt of your own"`,
      context,
    ),
});
