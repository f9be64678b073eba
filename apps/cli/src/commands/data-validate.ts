import { writeFile } from 'node:fs/promises';
import { writeFileAtomic } from '@dpo/base/files';
import { validateDataset } from '@dpo/data';
import { renderDataReport } from '@dpo/eval';
import {
  collectNotes,
  mergeNotes,
  onErrorOption,
  openData,
  openTokenizer,
  place,
  skippedRows,
  tellNotes,
  withSplit,
} from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { validationLines } from '../ui/validation.js';

/** `dpo data validate`: whether a dataset is fit for training; the exit code says so to scripts. */
export const dataValidateCommand = defineCommand({
  name: 'data validate',
  summary: 'Check preference data before training; exit code 1 where something is wrong',
  positional: ['input'],
  options: z.strictObject({
    input: place('input').describe('The file, folder or dataset of the hub to check'),
    split: z.string().optional().describe('Which split of the data [train]'),
    test: place('input').optional().describe('The held-out set: its prompts must not be in the data'),
    testSplit: z.string().optional().describe('Which split of the held-out set'),
    model: place('input-model').optional().describe('Counts tokens with the tokenizer of this model'),
    maxLength: z.number().int().positive().optional().describe('Reports what this limit would cut; needs --model'),
    maxPromptLength: z.number().int().positive().optional().describe('As --max-length, for prompts'),
    html: place('output-file').optional().describe('Writes a page about the data to this file'),
    json: z.boolean().default(false).describe('JSON instead of text'),
    onError: onErrorOption,
    strict: z.boolean().default(false).describe('Warnings too give exit code 1'),
  }),
  details:
    'Errors: identical or blank answers, no tokens, roles out of order, answers cut away whole, prompts shared with --test.\n' +
    'Warnings: contradictions, duplicates, replacement characters, cuts, negative score margins, length bias.',
  run: async ({ input, split, test, testSplit, model, html, json, onError, strict, ...limits }, context) => {
    const skipped = skippedRows(onError);
    const notes = collectNotes();
    const pairs = await openData(withSplit(input, split), context, {
      onError: skipped.onError,
      onNotes: notes.onNotes,
    });
    const { leftAside, mended } = mergeNotes(input, notes.all);
    const found = validateDataset(pairs, {
      mended,
      ...limits,
      ...(test === undefined ? {} : { test: await openData(withSplit(test, testSplit), context) }),
      ...(model === undefined ? {} : { tokenizer: await openTokenizer(model, context) }),
    });
    const left = skipped.messages();
    context.out(
      json ? JSON.stringify({ ...found, skipped: left, leftAside }, null, 2) : validationLines(found).join('\n'),
    );
    tellNotes({ path: input, leftAside, mended: [] }, context);
    skipped.report(context);
    if (html !== undefined) {
      const page = renderDataReport({ title: input, validation: found, pair: (row) => pairs.at(row), skipped: left });
      await writeFileAtomic(html, (file) => writeFile(file, page));
      context.note(`Report: ${html}`);
    }
    return found.errors > 0 || (strict && found.warnings > 0) ? 1 : 0;
  },
});
