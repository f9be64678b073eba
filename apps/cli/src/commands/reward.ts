import { rewardRun } from '@dpo/run';
import { rewardOptions } from '@dpo/run/command-line';
import { defineCommand } from '../command/define.js';
import { trainAndConclude } from '../training/conclude.js';
import { nothingSavedNote } from '../training/interruption.js';
import { shellWord } from '../ui/shell-word.js';

/** `dpo reward`: a reward model trained on preference pairs. */
export const rewardCommand = defineCommand({
  name: 'reward',
  summary: 'Train a reward model on preference pairs',
  options: rewardOptions,
  guardsOutputs: true,
  details:
    'Makes a language model into a sequence classifier with one label, which transformers opens. The loss of a pair is\n' +
    '−log σ(r_w − r_l − m), with the margin m from the column margin, if the data have it.',
  whenInterrupted: nothingSavedNote,
  sharesWork: true,
  run: (options, context) =>
    trainAndConclude(
      options,
      (runOptions) => rewardRun(options, runOptions),
      (final) => `dpo eval rewards --model ${final} --data ${shellWord(options.evalData ?? options.data)}`,
      context,
    ),
});
