import { writeFile } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { writeFileAtomic } from '@dpo/base/files';
import { engineOptions, openModel, place, readPrompts, sampleTexts, withWorkers } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { samplingOptions } from '../options/sampling.js';
import { offerEngine } from '../session/offer-engine.js';

const generateOptions = z.strictObject({
  model: place('input-model').describe('A folder, a GGUF file, a PEFT folder, or org/name of the hub'),
  prompt: z.string().optional().describe('One prompt, as plain text'),
  chat: z.boolean().default(false).describe("Puts --prompt into the model's chat template, as the user's turn"),
  prompts: place('input').optional().describe('A JSONL file of prompts'),
  out: place('output-file').optional().describe('The JSONL file to write [the texts on standard output]'),
  json: z.boolean().default(false).describe('JSON lines on standard output instead of texts'),
  config: place('input').optional().describe('A JSON file of these options'),
  ...samplingOptions,
  ...engineOptions,
});

/** `dpo generate`: answers to prompts. */
export const generateCommand = defineCommand({
  name: 'generate',
  summary: 'Sample answers from a model',
  options: generateOptions,
  details: 'Example: dpo generate --model runs/first/final --prompt "Name a colour." --samples 3 --seed 1',
  sharesWork: true,
  run: async (options, context) => {
    if ((options.prompt === undefined) === (options.prompts === undefined))
      throw new DpoError('cli.usage', 'dpo generate needs either --prompt or --prompts.');
    const content = options.prompt ?? '';
    const prompts =
      options.prompts !== undefined
        ? await readPrompts(options.prompts, context)
        : [options.chat ? [{ role: 'user', content }] : content];
    await offerEngine(options, context);
    const command = { name: 'generate', options: generateOptions };
    const facts = async () => ({ 'the prompts': prompts });
    await withWorkers(command, options, context.cluster, context, facts, async ({ engine, collective, leads }) => {
      const { model, tokenizer } = await openModel(engine, options.model, context);
      const samples = await sampleTexts(model, tokenizer, prompts, {
        ...{ ...options, collective, signal: context.signal },
        onProgress: (tokens) => context.progress(`${tokens} tokens`),
      });
      if (!leads) return;
      if (options.out !== undefined) {
        const lines = samples.map((sample) => `${JSON.stringify(sample)}\n`);
        await writeFileAtomic(options.out, (path) => writeFile(path, lines.join('')));
        context.note(`Wrote ${samples.length} answers to ${options.out}.`);
      } else for (const sample of samples) context.out(options.json ? JSON.stringify(sample) : sample.text);
    });
    return 0;
  },
});
