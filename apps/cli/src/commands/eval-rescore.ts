import {
  besideJudge,
  byTemperature,
  lastVerdicts,
  readVerdicts,
  rescored,
  rescoredPeople,
  type StoredVerdict,
  winRateReport,
} from '@dpo/eval';
import { place } from '@dpo/run/command-line';
import { z } from 'zod';
import { type Context, defineCommand } from '../command/define.js';
import { besideJudgeLines } from '../ui/beside-judge.js';
import { temperatureLines, winRateLines } from '../ui/win-rate.js';

/** `dpo eval rescore`: the figures of a win rate, computed anew from the verdicts. */
export const evalRescoreCommand = defineCommand({
  name: 'eval rescore',
  summary: 'Win rate, length control and bounds from a file of verdicts',
  positional: ['verdicts'],
  options: z.strictObject({
    verdicts: place('input').describe('A file of verdicts (verdicts.jsonl), or of votes (votes.jsonl)'),
    human: place('input').optional().describe('A file of people’s votes on the same pairs (votes.jsonl)'),
    resamples: z.number().int().min(100).max(100_000).default(2000).describe('Draws of the bootstrap'),
    seed: z.number().int().nonnegative().default(0).describe('Seed of the bootstrap'),
    json: z.boolean().default(false).describe('One JSON object on standard output'),
  }),
  details:
    'Nothing is judged again. A line of the file has prompt_id, first (model or baseline: whose answer was seen first),\n' +
    'repetition and verdict (first, second, tie, unparsable, refused, failed), and may have p_first, model_length and\n' +
    'baseline_length. With --human, the judge is compared with people: how far they agree, and the judge’s rate corrected\n' +
    'by their votes. docs/evaluation.md says what each figure means.',
  run: async ({ verdicts: path, human, json, ...options }, context) => {
    const verdicts = await readFrom(path, context);
    const people = human === undefined ? undefined : await readFrom(human, context);
    const report = winRateReport(verdicts, options);
    const beside = people === undefined ? undefined : besideJudge(verdicts, people, options);
    const lines = json
      ? [
          JSON.stringify(
            { ...rescored(report), ...(beside === undefined ? {} : { human: rescoredPeople(beside) }) },
            null,
            2,
          ),
        ]
      : [
          ...winRateLines(report),
          ...temperatureLines(byTemperature(verdicts, options)),
          ...(beside === undefined ? [] : ['', ...besideJudgeLines(beside)]),
        ];
    for (const line of lines) context.out(line);
    return 0;
  },
});

/** The verdicts of a file. Notes a line that was cut, and verdicts with several lines. */
async function readFrom(path: string, context: Pick<Context, 'note'>): Promise<readonly StoredVerdict[]> {
  const { verdicts, torn } = await readVerdicts(path);
  if (torn) context.note(`The last line of ${path} was cut while it was written, and is left out.`);
  const surplus = verdicts.length - lastVerdicts(verdicts).length;
  if (surplus > 0)
    context.note(`${path} has ${surplus} more lines than verdicts: of several lines for a verdict the last counts.`);
  return verdicts;
}
