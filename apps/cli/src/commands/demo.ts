import { relative } from 'node:path';
import { DpoError } from '@dpo/base';
import { clearRun, duration, engineOptions, place, runIn } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { EXIT } from '../command/run.js';
import { header, heldOutOpenings } from '../demo/openings.js';
import { type DemoResult, runDemo } from '../demo/run-demo.js';
import { evaluationLines } from '../ui/evaluation.js';

const KEPT = 'What is done so far is kept: the same command with --resume goes on.';

/** `dpo demo`: the paper's sentiment experiment, on a real model, from nothing to a report. */
export const demoCommand = defineCommand({
  name: 'demo',
  summary: "Train a real model by DPO and measure it: the paper's sentiment experiment",
  options: z.strictObject({
    model: place('input-model')
      .optional()
      .describe('Another model than SmolLM2-135M-Instruct: a folder, a GGUF file or org/name'),
    tiny: z.boolean().default(false).describe('A tiny GPT-2 made on the spot: a minute, no download, any engine'),
    output: place('output-run').default('runs/demo').describe('The run folder; an earlier demo in it is replaced'),
    loraRank: z.int().positive().optional().describe('Trains LoRA adapters of this rank instead of all weights'),
    resume: z.boolean().default(false).describe('Goes on with an interrupted demo in --output'),
    seed: z.int().default(0).describe('Seed of the samples and of the order of the data'),
    ...engineOptions,
  }),
  whenInterrupted: () => `Interrupted. ${KEPT}`,
  run: async (options, context) => {
    const started = performance.now();
    if (!options.resume) await clear(options.output);
    const result = await runDemo(options, context).catch((error: unknown) => {
      if (DpoError.is(error) && error.code.startsWith('pip.'))
        throw new DpoError(error.code, error.message, {
          hint: `${error.hint ?? ''} Without network: npm run demo -- --tiny, or --model with a folder.`.trim(),
          cause: error,
        });
      throw error;
    });
    if ('checkpoint' in result) {
      const saved =
        result.checkpoint === undefined ? '' : ` The state of the training is saved in ${result.checkpoint}.`;
      context.note(`Interrupted.${saved} ${KEPT}`);
      return EXIT.interrupted;
    }
    for (const line of summary(result, options.output, (performance.now() - started) / 1000)) context.out(line);
    return EXIT.done;
  },
});

function summary(
  { evaluation, folder, report }: Exclude<DemoResult, { checkpoint: unknown }>,
  output: string,
  seconds: number,
): string[] {
  const here = (path: string) => relative(process.cwd(), path) || path;
  const opening = heldOutOpenings[0] ?? '';
  return [
    '',
    `Done in ${duration(seconds)}. On ${evaluation.prompts} held-out openings:`,
    ...evaluationLines(evaluation),
    '',
    `Report   ${here(report)}`,
    `Model    ${here(folder)} (opens in Python transformers)`,
    `Files    ${here(output)}: prompts, samples, pairs.arrow, metrics.jsonl, evaluation.json`,
    '',
    'Try next:',
    `  npm run dpo -- generate --model ${here(folder)} --prompt $'${(header + opening).replaceAll('\n', '\\n')}' --max-new-tokens 24 --samples 3`,
  ];
}

/** Makes room for a demo. What is in the folder goes, if a demo made it; anything else stays, and is an error. */
async function clear(output: string): Promise<void> {
  const command = await runIn(output);
  if (command === undefined) return;
  if (command !== 'demo')
    throw new DpoError('run.exists', `${output} holds a run of dpo ${command}, which the demo does not replace.`, {
      values: { output },
      hint: 'Choose another folder with --output.',
    });
  await clearRun(output);
}
