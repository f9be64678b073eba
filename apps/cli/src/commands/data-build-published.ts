import { buildHh, buildLabelled, buildShp, buildTldr, type PreferencePair, writeBuiltPreferences } from '@dpo/data';
import { onErrorOption, place, type SkippedRows, skippedRows } from '@dpo/run/command-line';
import { z } from 'zod';
import { type Context, defineCommand } from '../command/define.js';

const files = {
  input: place('input').describe('The published file, .jsonl or .jsonl.gz, or several with commas'),
  output: place('output-dataset').describe('The dataset to write: .arrow, .jsonl, …'),
  onError: onErrorOption,
};

/** `dpo data build hh`: Anthropic's helpful and harmless dialogues. */
export const dataBuildHhCommand = defineCommand({
  name: 'data build hh',
  summary: 'Build preference pairs from the published files of Anthropic HH',
  positional: ['input', 'output'],
  options: z.strictObject(files),
  details: 'Transcripts are split after their last "\\n\\nAssistant:"; both must have the same prompt.',
  run: ({ input, output, onError }, context) =>
    build(output, onError, context, (skips) => buildHh(input.split(','), skips)),
});

/** `dpo data build shp`: Stanford Human Preferences. */
export const dataBuildShpCommand = defineCommand({
  name: 'data build shp',
  summary: 'Build preference pairs from the published files of Stanford Human Preferences',
  positional: ['input', 'output'],
  options: z.strictObject({
    ...files,
    minScoreRatio: z.number().min(1).default(2).describe("Least ratio of the answers' scores"),
    pairsPerPost: z.number().int().positive().optional().describe('Most pairs from one post [all]'),
    seed: z.number().int().default(0).describe('Draws the pairs of a post'),
  }),
  run: ({ input, output, onError, ...options }, context) =>
    build(output, onError, context, (skips) => buildShp(input.split(','), { ...options, ...skips })),
});

/** `dpo data build tldr`: comparisons of summaries by Stiennon et al. */
export const dataBuildTldrCommand = defineCommand({
  name: 'data build tldr',
  summary: 'Build preference pairs from the published TL;DR comparisons of Stiennon et al.',
  positional: ['input', 'output'],
  options: z.strictObject({
    ...files,
    split: z.enum(['train', 'valid']).optional().describe('Which rows to take [all]'),
  }),
  run: ({ input, output, onError, split }, context) =>
    build(output, onError, context, (skips) => buildTldr(input.split(','), { ...skips, split })),
});

/** `dpo data build labelled`: pairs from judged answers, the rows of KTO. */
export const dataBuildLabelledCommand = defineCommand({
  name: 'data build labelled',
  summary: 'Build preference pairs from single answers with labels (prompt, completion, label)',
  positional: ['input', 'output'],
  options: z.strictObject({ input: files.input, output: files.output }),
  details: 'Every desirable answer of a prompt is paired with every undesirable one of the same prompt.',
  run: ({ input, output }, context) => {
    const pairs = { [Symbol.asyncIterator]: () => buildLabelled(input.split(',')) };
    return build(output, 'stop', context, () => pairs);
  },
});

async function build(
  output: string,
  onError: 'stop' | 'skip',
  context: Context,
  start: (skips: Pick<SkippedRows, 'onError'>) => AsyncIterable<PreferencePair>,
): Promise<number> {
  const skips = skippedRows(onError);
  const { rows } = await writeBuiltPreferences(start(skips), output);
  context.note(`Wrote ${rows} pairs to ${output}.`);
  skips.report(context);
  return 0;
}
