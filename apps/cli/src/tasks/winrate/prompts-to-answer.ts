import { DpoError } from '@dpo/base';
import type { PlacedRows, PromptRow } from '@dpo/data';
import { type Answer, answerWords } from '@dpo/eval';
import { openData, readPrompts, withSplit } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';

/** Prompts for models to answer, and a dataset's chosen answers to the same prompts. */
export interface PromptsToAnswer {
  readonly prompts: readonly PromptRow[] & PlacedRows;
  /** The chosen answers. Undefined for a file of prompts. */
  readonly chosen: readonly Answer[] | undefined;
}

/**
 * The prompts that `--data` or `--prompts` names, each prompt once, up to `--limit`. Undefined without `--data` and `--prompts`.
 *
 * @throws DpoError `data.empty-dataset`; the errors of reading prompts and data
 */
export async function promptsToAnswer(
  { data, split, prompts, limit = Number.POSITIVE_INFINITY }: WinrateOptions,
  context: Context,
): Promise<PromptsToAnswer | undefined> {
  if (prompts !== undefined) {
    const rows = await readPrompts(prompts, context);
    return { prompts: pick(rows, firstOfEach(rows, limit)), chosen: undefined };
  }
  if (data === undefined) return undefined;
  const dataset = await openData(withSplit(data, split), context);
  const rows = Array.from(dataset);
  if (rows.length === 0) throw new DpoError('data.empty-dataset', `${data} has no rows.`, { values: { path: data } });
  const numbers = firstOfEach(rows, limit);
  const chosen = numbers.flatMap((i): Answer[] => {
    const row = rows[i];
    return row === undefined ? [] : [{ prompt: row.prompt, text: answerWords(row.chosen), promptId: row.id }];
  });
  const allPrompts = rows.map(({ prompt, tools, templateVariables }) => ({
    prompt,
    ...(tools === undefined ? {} : { tools }),
    ...(templateVariables === undefined ? {} : { templateVariables }),
  }));
  const placeOf = dataset.placeOf?.bind(dataset);
  return { prompts: pick(Object.assign(allPrompts, placeOf === undefined ? {} : { placeOf }), numbers), chosen };
}

/** The numbers of the first `limit` rows whose prompt no earlier row has. */
function firstOfEach(rows: readonly PromptRow[], limit: number): number[] {
  const keys = new Set<string>();
  const numbers: number[] = [];
  for (const [i, { prompt }] of rows.entries()) {
    const key = JSON.stringify(prompt);
    if (numbers.length >= limit) break;
    if (keys.has(key)) continue;
    keys.add(key);
    numbers.push(i);
  }
  return numbers;
}

/** The rows with these numbers, each with its place in the file. */
function pick(rows: readonly PromptRow[] & PlacedRows, numbers: readonly number[]): readonly PromptRow[] & PlacedRows {
  const some = numbers.flatMap((i) => rows[i] ?? []);
  const { placeOf } = rows;
  if (placeOf === undefined) return some;
  return Object.assign(some, { placeOf: (row: number) => placeOf(numbers[row] ?? row) });
}
