import { planRun, trainRun } from '@dpo/run';
import { presets, trainOptions } from '@dpo/run/command-line';
import { z } from 'zod';
import { type Context, defineCommand } from '../command/define.js';
import { planOptions } from '../options/plan.js';
import { offerEngine } from '../session/offer-engine.js';
import { trainAndConclude } from '../training/conclude.js';
import { nothingSavedNote } from '../training/interruption.js';
import { planLines } from '../ui/plan.js';

const options = z.strictObject({ ...trainOptions.shape, ...planOptions });

/** `dpo train`: preference optimisation, by default DPO. */
export const trainCommand = defineCommand({
  name: 'train',
  summary: 'Train a model on preference pairs',
  options,
  presets,
  guardsOutputs: true,
  whenInterrupted: nothingSavedNote,
  details: 'Example: dpo train --model ./my-model --data pairs.jsonl --output runs/first --learning-rate 5e-6',
  sharesWork: true,
  // A plan writes nothing.
  implied: ({ plan }) => (plan === true ? { output: 'unused' } : {}),
  run: async ({ plan, workers, bandwidth, delay, json, ...training }, context) => {
    if (plan) return printPlan(training, { workers, bandwidth, delay, json }, context);
    return trainAndConclude(
      training,
      (runOptions) => trainRun(training, runOptions),
      (final) => `dpo generate --model ${final} --prompt "A prompt of your own"`,
      context,
    );
  },
});

async function printPlan(
  training: z.output<typeof trainOptions>,
  { workers, bandwidth, delay, json }: Pick<z.output<typeof options>, 'workers' | 'bandwidth' | 'delay' | 'json'>,
  context: Context,
): Promise<number> {
  await offerEngine(training, context);
  const network = { bitsPerSecond: bandwidth * 1e9, delaySeconds: delay / 1000 };
  const plan = await planRun(training, { workers, ...network }, context);
  if (json) context.out(JSON.stringify(plan, null, 2));
  else for (const line of planLines(plan)) context.out(line);
  return 0;
}
