import { DpoError } from '@dpo/base';
import { writePreferences } from '@dpo/data';
import { place, readJsonLines, header as sentimentHeader, type TextSample } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { sentimentPairs } from '../tasks/sentiment-pairs.js';

/** `dpo data build`: preference pairs from the samples of `dpo generate`, rated by VADER. */
export const dataBuildCommand = defineCommand({
  name: 'data build',
  summary: 'Build preference pairs from samples of dpo generate, rated by sentiment',
  positional: ['samples', 'output'],
  options: z.strictObject({
    samples: place('input').describe('The JSONL file that dpo generate --out wrote'),
    output: place('output-dataset').describe('The dataset to write: .arrow, .jsonl, …'),
    header: z.string().default(sentimentHeader).describe('Beginning of the prompts that the reward does not read'),
  }),
  details:
    "Of each prompt's samples the best is paired with the worst, the second best with the second worst, the third best with\n" +
    'the third worst; ties are left out. Each pair keeps its scores and the log-probabilities of sampling.',
  run: async ({ samples: path, output, header }, context) => {
    const samples = (await readJsonLines(path)).map(({ line, value }) => asSample(value, path, line));
    const pairs = sentimentPairs(samples, header);
    await writePreferences(pairs, output);
    context.note(`Wrote ${pairs.length} pairs to ${output}.`);
    return 0;
  },
});

function asSample(value: unknown, path: string, line: number): TextSample {
  const sample = value as Partial<TextSample> | null;
  if (typeof sample?.index === 'number' && typeof sample.text === 'string' && typeof sample.logp === 'number')
    return sample as TextSample;
  throw new DpoError('data.broken-row', `${path}, line ${line} is no sample: it lacks index, text or logp.`, {
    values: { path, line },
    hint: 'Make the file by: dpo generate --prompts … --samples … --out FILE.jsonl',
  });
}
