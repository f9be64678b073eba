import { DpoError } from '@dpo/base';
import {
  convertPreferences,
  convertToShape,
  inspectPreferences,
  labelPairs,
  type PreferenceDataset,
  type ReadNotes,
  readPreferences,
  type ShapeName,
  writableShapes,
  writeLabelled,
} from '@dpo/data';
import {
  collectNotes,
  onErrorOption,
  openData,
  openTokenizer,
  place,
  skippedRows,
  tellNotes,
  USAGE,
  withSplit,
} from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { inspectionLines } from '../ui/inspection.js';

const shapeNames = Object.keys(writableShapes) as [ShapeName, ...ShapeName[]];

/** `dpo data convert`: a dataset in another format or shape. */
export const dataConvertCommand = defineCommand({
  name: 'data convert',
  summary: 'Convert preference data: .jsonl, .jsonl.gz, .csv, .arrow, .parquet (read), Python datasets folders',
  positional: ['input', 'output'],
  options: z.strictObject({
    input: place('input').describe('The file or folder to read'),
    output: place('output-dataset').describe('The file or folder to write; the ending decides the format'),
    split: z.string().optional().describe('Which split of the data [train]'),
    prompt: z.string().optional().describe('The column of prompts, when it has another name'),
    chosen: z.string().optional().describe('The column of chosen answers'),
    rejected: z.string().optional().describe('The column of rejected answers'),
    compression: z.enum(['lz4', 'zstd']).optional().describe('Compresses the buffers of an .arrow file'),
    shape: z.enum(shapeNames).optional().describe("Writes JSON lines in another program's shape"),
    onError: onErrorOption,
    answers: z
      .boolean()
      .default(false)
      .describe('Writes each pair as two judged answers (prompt, completion, label), for --method kto'),
  }),
  run: async ({ input, output, split, prompt, chosen, rejected, compression, shape, onError, answers }, context) => {
    if (shape !== undefined && (answers || compression !== undefined))
      throw new DpoError(USAGE, 'dpo data convert: --shape goes with neither --answers nor --compression.');
    const skips = skippedRows(onError);
    const columns = Object.entries({ prompt, chosen, rejected }).filter((entry) => entry[1] !== undefined);
    const options = {
      ...(split === undefined ? {} : { split }),
      columns: Object.fromEntries(columns),
      compression,
      onError: skips.onError,
      onNotes: (notes: ReadNotes) => tellNotes(notes, context),
    };
    if (answers) {
      const pairs = await readPreferences(input, options);
      await writeLabelled({ [Symbol.iterator]: () => labelPairs(pairs) }, output, { compression });
      const lost = pairFields(pairs);
      if (lost.length > 0) context.note(`Judged answers have no place for: ${lost.join(', ')}.`);
      context.note(`Wrote ${2 * pairs.length} answers to ${output}.`);
      skips.report(context);
      return 0;
    }
    const { rows, leftOut }: { readonly rows: number; readonly leftOut?: readonly string[] } =
      shape === undefined
        ? await convertPreferences(input, output, options)
        : await convertToShape(input, output, shape, options);
    if (leftOut !== undefined && leftOut.length > 0)
      context.note(`The shape ${shape} has no place for: ${leftOut.join(', ')}.`);
    context.note(`Wrote ${rows} pairs to ${output}.`);
    skips.report(context);
    return 0;
  },
});

const OF_PAIRS: ReadonlySet<string> = new Set([
  'chosenScore',
  'rejectedScore',
  'referenceChosenLogp',
  'referenceRejectedLogp',
  'margin',
]);

/** The fields of the pairs that belong to two answers together, which judged answers lose. */
function pairFields(pairs: PreferenceDataset): readonly string[] {
  const names = new Set<string>();
  for (const pair of pairs) for (const name of Object.keys(pair)) names.add(name);
  return [...names].filter((name) => OF_PAIRS.has(name));
}

/** `dpo data inspect`: counts, lengths and faults of a dataset. */
export const dataInspectCommand = defineCommand({
  name: 'data inspect',
  summary: 'Count, measure and check preference data',
  positional: ['input'],
  options: z.strictObject({
    input: place('input').describe('The file or folder to read'),
    model: place('input-model').optional().describe('Counts tokens with the tokenizer of this model'),
    split: z.string().optional().describe('Which split of the data [train]'),
    json: z.boolean().default(false).describe('JSON instead of text'),
  }),
  run: async ({ input, model, split, json }, context) => {
    const notes = collectNotes();
    const dataset = await openData(withSplit(input, split), context, { onNotes: notes.onNotes });
    const tokenizer = model === undefined ? undefined : await openTokenizer(model, context);
    const inspection = inspectPreferences(dataset, tokenizer);
    if (!json) for (const note of notes.all) tellNotes(note, context);
    const report = { ...inspection, read: notes.all.map(({ leftAside, mended }) => ({ leftAside, mended })) };
    context.out(json ? JSON.stringify(report, null, 2) : inspectionLines(inspection).join('\n'));
    return 0;
  },
});
