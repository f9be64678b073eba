import { trainRun } from '@dpo/run';
import { presets, trainOptions } from '@dpo/run/command-line';
import { defineCommand } from '../command/define.js';
import { trainAndConclude } from '../training/conclude.js';
import { nothingSavedNote } from '../training/interruption.js';

/** `dpo train`: preference optimisation, by default DPO. */
export const trainCommand = defineCommand({
  name: 'train',
  summary: 'Train a model on preference pairs',
  options: trainOptions,
  presets,
  guardsOutputs: true,
  whenInterrupted: nothingSavedNote,
  details: 'Example: dpo train --model ./my-model --data pairs.jsonl --output runs/first --learning-rate 5e-6',
  run: (options, context) =>
    trainAndConclude(
      options,
      (runOptions) => trainRun(options, runOptions),
      (final) => `dpo generate --model ${final} --prompt "A prompt of your own"`,
      context,
    ),
});
