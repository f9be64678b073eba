import { engineOptions, place } from '@dpo/run/command-line';
import { z } from 'zod';
import { endpointOptions } from './endpoint.js';
import { peopleOptions } from './people.js';
import { samplingOptions } from './sampling.js';

const { temperature: _, ...sampling } = samplingOptions;
const temperatures = z.array(z.coerce.number().min(0)).min(1);

/** The options of `dpo eval winrate`. */
export const winrateOptions = z.strictObject({
  preset: z
    .enum(['tldr', 'hh', 'custom'])
    .default('custom')
    .describe('What is judged: a named set of the options below'),
  output: place('output-run').describe('The folder of answers and verdicts; an interrupted judging goes on'),
  answers: place('input').optional().describe("A JSONL file, or another win rate's folder, with the model's answers"),
  against: place('input').optional().describe("The same with the baseline's answers"),
  model: place('input-model').optional().describe('The model that answers, when there is no file of answers'),
  baseline: place('input-model').optional().describe('Another model that answers, as the baseline'),
  data: place('input')
    .optional()
    .describe('Preference data: the models answer its prompts, its chosen answers are the baseline'),
  split: z.string().optional().describe('Which split of --data [train]'),
  prompts: place('input').optional().describe('A JSONL file of prompts, when --baseline answers them too'),
  limit: z.int().positive().optional().describe('How many prompts, the first ones [all]'),
  temperatures: temperatures.default([1]).describe('Temperatures of the model: a list, such as 0,0.5,1'),
  baselineTemperature: z
    .number()
    .min(0)
    .optional()
    .describe('Temperature of --baseline [each temperature of the model]'),
  ...sampling,
  judge: place('input-model').describe(
    'Who judges: an OpenAI-compatible address (http://localhost:8000/v1), a model, a reward model, or human',
  ),
  rubric: place('input').optional().describe('What is better: summary, concise-summary, helpful, a text, or a file'),
  ties: z.boolean().default(false).describe('Lets the judge call the answers equally good'),
  orders: z.enum(['both', 'one']).default('both').describe('Each pair in both orders, or in one by the seed'),
  repetition: z.number().min(0).max(1).default(0.05).describe('Share of questions that are asked a second time'),
  ...endpointOptions,
  ...peopleOptions,
  resamples: z.int().min(100).max(100_000).default(2000).describe('Draws of the bootstrap'),
  json: z.boolean().default(false).describe('One JSON object on standard output'),
  config: place('input').optional().describe('A JSON file of these options'),
  ...engineOptions,
});

/** The values of {@link winrateOptions}. */
export type WinrateOptions = z.output<typeof winrateOptions>;

/** The paper's experiments: TL;DR summaries at five temperatures, and single-turn dialogue. */
export const winratePresets = {
  tldr: { rubric: 'concise-summary', temperatures: [0, 0.25, 0.5, 0.75, 1], maxNewTokens: 64 },
  hh: { rubric: 'helpful', temperatures: [0, 0.25, 0.5, 0.75, 1], maxNewTokens: 128 },
  custom: {},
};
