import { byTemperature, lastVerdicts, readVerdicts, rescored, winRateReport } from '@dpo/eval';
import { place } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { temperatureLines, winRateLines } from '../ui/win-rate.js';

/** `dpo eval rescore`: every figure about a win rate, computed anew from the verdicts. */
export const evalRescoreCommand = defineCommand({
  name: 'eval rescore',
  summary: 'Win rate, length control and bounds from a file of verdicts',
  positional: ['verdicts'],
  options: z.strictObject({
    verdicts: place('input').describe('A file of verdicts (verdicts.jsonl)'),
    resamples: z.number().int().min(100).max(100_000).default(2000).describe('Draws of the bootstrap'),
    seed: z.number().int().nonnegative().default(0).describe('Seed of the bootstrap'),
    json: z.boolean().default(false).describe('One JSON object on standard output'),
  }),
  details:
    'Nothing is judged again. A line of the file has prompt_id, first (model or baseline: whose answer was seen first),\n' +
    'repetition and verdict (first, second, tie, unparsable, refused, failed), and may have p_first, model_length and\n' +
    'baseline_length. docs/evaluation.md says what each figure means.',
  run: async ({ verdicts: path, json, ...options }, context) => {
    const { verdicts, torn } = await readVerdicts(path);
    if (torn) context.note(`The last line of ${path} was cut while it was written, and is left out.`);
    const replaced = verdicts.length - lastVerdicts(verdicts).length;
    if (replaced > 0)
      context.note(`${path} has ${replaced} more lines than verdicts: of several lines on the same the last counts.`);
    const report = winRateReport(verdicts, options);
    const lines = json
      ? [JSON.stringify(rescored(report), null, 2)]
      : [...winRateLines(report), ...temperatureLines(byTemperature(verdicts, options))];
    for (const line of lines) context.out(line);
    return 0;
  },
});
