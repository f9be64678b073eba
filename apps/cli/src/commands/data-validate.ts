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

/** `dpo data validate`: whether a dataset is fit for training, also by the exit code. */
export const dataValidateCommand = defineCommand({
  name: 'data validate',
  summary: 'Check preference data before training; exit code 1 when something is wrong',
  positional: ['input'],
  options: z.strictObject({
    input: place('input').describe('The file, folder or dataset of the hub to check'),
    split: z.string().optional().describe('Which split of the data [train]'),
    test: place('input').optional().describe('The held-out set: its prompts must not be in the data'),
    testSplit: z.string().optional().describe('Which split of the held-out set'),
    model: place('input-model').optional().describe('Counts tokens with the tokenizer of this model'),
    maxLength: z.number().int().positive().optional().describe('Reports what this limit would cut; needs --model'),
    maxPromptLength: z.number().int().positive().optional().describe('The same as --max-length, for prompts'),
    html: place('output-file').optional().describe('Writes a page about the data to this file'),
    json: z.boolean().default(false).describe('JSON instead of text'),
    onError: onErrorOption,
    strict: z.boolean().default(false).describe('Exit code 1 for warnings too'),
  }),
  details:
    'Errors: identical or blank answers, no tokens, roles out of order, answers cut to nothing, prompts shared with --test.\n' +
    'Warnings: contradictions, duplicates, replacement characters, cuts, negative score margins, length bias.',
  run: async ({ input, split, test, testSplit, model, html, json, onError, strict, ...limits }, context) => {
    const skips = skippedRows(onError);
    const notes = collectNotes();
    const pairs = await openData(withSplit(input, split), context, {
      onError: skips.onError,
      onNotes: notes.onNotes,
    });
    const { leftAside, mended } = mergeNotes(input, notes.all);
    const validation = validateDataset(pairs, {
      mended,
      ...limits,
      ...(test === undefined ? {} : { test: await openData(withSplit(test, testSplit), context) }),
      ...(model === undefined ? {} : { tokenizer: await openTokenizer(model, context) }),
    });
    const skipped = skips.messages();
    context.out(
      json ? JSON.stringify({ ...validation, skipped, leftAside }, null, 2) : validationLines(validation).join('\n'),
    );
    tellNotes({ path: input, leftAside, mended: [] }, context);
    skips.report(context);
    if (html !== undefined) {
      const page = renderDataReport({ title: input, validation, pair: (row) => pairs.at(row), skipped });
      await writeFileAtomic(html, (file) => writeFile(file, page));
      context.note(`Report: ${html}`);
    }
    return validation.errors > 0 || (strict && validation.warnings > 0) ? 1 : 0;
  },
});
