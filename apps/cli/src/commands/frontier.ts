import { frontierRows } from '@dpo/eval';
import { frontierRun } from '@dpo/run';
import { frontierOptions } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { findDemoModel } from '../demo/find-demo-model.js';
import { offerEngine } from '../session/offer-engine.js';
import { frontierLines } from '../ui/frontier.js';

/** `dpo frontier`: trains the runs of a recipe, and draws reward against KL for all of them. */
export const frontierCommand = defineCommand({
  name: 'frontier',
  summary: 'Train DPO and its rivals, and draw reward against KL',
  options: z.strictObject({
    ...frontierOptions.shape,
    json: z.boolean().default(false).describe('All points as JSON on standard output'),
  }),
  guardsOutputs: true,
  details:
    'Example: dpo frontier --preset sentiment --output runs/frontier --seeds 0,1,2\n' +
    'After an interruption the same command goes on. One process computes at a time: two on the same cores are no faster.',
  whenInterrupted: () => 'Interrupted. Finished runs and points are kept: the same command goes on.',
  run: async ({ json, ...options }, context) => {
    const { frontier, page } = await frontierRun(options, {
      ...context,
      beforeData: () => offerEngine(options, context),
      defaultModel: () => findDemoModel(context),
    });
    if (json) context.out(JSON.stringify(frontierRows(frontier), null, 2));
    else for (const line of frontierLines(frontier)) context.out(line);
    context.note(`Report: ${page}`);
    return 0;
  },
});
