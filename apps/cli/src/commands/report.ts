import { writeReport } from '@dpo/eval';
import { place } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';

/** `dpo report`: the HTML report of a run folder. */
export const reportCommand = defineCommand({
  name: 'report',
  summary: 'Write report.html of a run folder',
  positional: ['run'],
  options: z.strictObject({ run: place('into-run').describe('The run folder') }),
  run: async ({ run }, context) => {
    context.out(await writeReport(run));
    return 0;
  },
});
