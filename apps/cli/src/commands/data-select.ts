import { DpoError } from '@dpo/base';
import { filterPreferences, type MixPart, mixPreferences, splitByPrompt, writePreferences } from '@dpo/data';
import { openData, place, USAGE } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';

const input = place('input').describe('The file, folder or dataset of the hub to read');
const output = place('output-dataset').describe('The dataset to write: .arrow, .jsonl, …');
const seed = z.number().int().default(0).describe('Draws the rows');

/** `dpo data mix`: several datasets in one, by weight. */
export const dataMixCommand = defineCommand({
  name: 'data mix',
  summary: 'Mix datasets by weight: FILE=WEIGHT,FILE=WEIGHT,…',
  positional: ['parts', 'output'],
  options: z.strictObject({
    parts: place('input').describe('Datasets with their weights (default 1), separated by commas'),
    output,
    seed,
  }),
  details: 'The mixture is as large as the weights allow without repeating a row.',
  run: async ({ parts, output, seed }, context) => {
    const mixture: MixPart[] = [];
    for (const part of parts.split(',')) {
      const [, name = part, weightText] = /^(.*)=([^=]*)$/.exec(part) ?? [];
      const weight = Number(weightText ?? 1);
      if (!(weight > 0 && Number.isFinite(weight)) || weightText?.trim() === '')
        throw new DpoError(USAGE, `dpo data mix: the weight of ${name} must be a number above 0, not "${weightText}".`);
      mixture.push({ dataset: await openData(name, context), weight });
    }
    const mix = mixPreferences(mixture, seed);
    await writePreferences(mix, output);
    context.note(`Wrote ${mix.length} pairs to ${output}.`);
    return 0;
  },
});

/** `dpo data filter`: the pairs of a dataset that lie within limits. */
export const dataFilterCommand = defineCommand({
  name: 'data filter',
  summary: 'Keep the pairs within limits of score margin and length',
  positional: ['input', 'output'],
  options: z.strictObject({
    input,
    output,
    minMargin: z.number().optional().describe('Least chosen score − rejected score'),
    maxMargin: z.number().optional().describe('Most chosen score − rejected score'),
    maxPromptCharacters: z.number().int().positive().optional().describe('Longest prompt'),
    maxAnswerCharacters: z.number().int().positive().optional().describe('Longest answer'),
    minAnswerCharacters: z.number().int().positive().optional().describe('Shortest answer'),
  }),
  run: async ({ input, output, ...limits }, context) => {
    const pairs = await openData(input, context);
    const pairsWithin = [...filterPreferences(pairs, limits)];
    await writePreferences(pairsWithin, output);
    context.note(`Kept ${pairsWithin.length} of ${pairs.length} pairs in ${output}.`);
    return 0;
  },
});

/** `dpo data split`: training and held-out pairs, no prompt in both. */
export const dataSplitCommand = defineCommand({
  name: 'data split',
  summary: 'Split a dataset by prompt into training and held-out pairs',
  positional: ['input', 'train', 'heldOut'],
  options: z.strictObject({
    input,
    train: place('output-dataset').describe('The training set to write'),
    heldOut: place('output-dataset').describe('The held-out set to write'),
    fraction: z.number().gt(0).lt(1).default(0.1).describe('Share of the prompts to hold out'),
    seed,
  }),
  run: async ({ input, train, heldOut, ...options }, context) => {
    const parts = splitByPrompt(await openData(input, context), options);
    // Both files or neither: one part alone looks like a whole dataset.
    await writePreferences(parts.train, train, { before: () => writePreferences(parts.heldOut, heldOut) });
    context.note(`Wrote ${parts.train.length} pairs to ${train} and ${parts.heldOut.length} to ${heldOut}.`);
    return 0;
  },
});
