import { DpoError } from '@dpo/base';
import { clearRun, engineOptions, place, runIn } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { EXIT } from '../command/run.js';
import { DEMO_OUTPUT, demoSummary, keptNote } from '../demo/demo-notes.js';
import { runDemo } from '../demo/run-demo.js';

/** `dpo demo`: the paper's sentiment experiment, on a real model, from nothing to a report. */
export const demoCommand = defineCommand({
  name: 'demo',
  summary: "Train a real model by DPO and measure it: the paper's sentiment experiment",
  options: z.strictObject({
    model: place('input-model')
      .optional()
      .describe('Another model than SmolLM2-135M-Instruct: a folder, a GGUF file, or org/name of the hub'),
    tiny: z
      .boolean()
      .default(false)
      .describe('A tiny GPT-2 made on the spot: a minute, no model to download, any engine'),
    output: place('output-run').default(DEMO_OUTPUT).describe('The run folder; an earlier demo in it is replaced'),
    loraRank: z.int().positive().optional().describe('Trains LoRA adapters of this rank instead of all weights'),
    resume: z.boolean().default(false).describe('Goes on with an interrupted demo in --output'),
    seed: z.int().default(0).describe('Seed of the samples and of the order of the data'),
    ...engineOptions,
  }),
  whenInterrupted: (options) => `Interrupted. ${keptNote(options)}`,
  run: async (options, context) => {
    const start = performance.now();
    if (!options.resume) await clear(options.output);
    const result = await runDemo(options, context).catch((error: unknown) => {
      if (DpoError.is(error) && error.code.startsWith('pip.'))
        throw new DpoError(error.code, error.message, {
          hint: `${error.hint ?? ''} Without network: dpo demo --tiny, or --model with a folder.`.trim(),
          cause: error,
        });
      throw error;
    });
    if ('checkpoint' in result) {
      const savedNote =
        result.checkpoint === undefined ? '' : ` The state of the training is saved in ${result.checkpoint}.`;
      context.note(`Interrupted.${savedNote} ${keptNote(options)}`);
      return EXIT.interrupted;
    }
    const seconds = (performance.now() - start) / 1000;
    for (const line of demoSummary(result, options.output, seconds, context.program)) context.out(line);
    return EXIT.done;
  },
});

/** Clears the folder of an earlier demo. The run of another command stays, and is an error. */
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
