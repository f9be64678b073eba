import { DpoError } from '@dpo/base';
import type { PlacedRows, PromptRow } from '@dpo/data';
import { type Answer, answerWords } from '@dpo/eval';
import { openData, readPrompts, withSplit } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';

/** Prompts for models to answer, and answers that a dataset prefers, of the same prompts. */
export interface AskedPrompts {
  readonly prompts: readonly PromptRow[] & PlacedRows;
  /** Undefined for a file of prompts. */
  readonly chosen: readonly Answer[] | undefined;
}

/** What `--data` or `--prompts` names, each prompt once, up to `--limit`. Undefined where neither is given. */
export async function promptsToAnswer(
  { data, split, prompts, limit = Number.POSITIVE_INFINITY }: WinrateOptions,
  context: Context,
): Promise<AskedPrompts | undefined> {
  if (prompts !== undefined) {
    const rows = await readPrompts(prompts, context);
    const kept = firstOfEach(rows, limit);
    return { prompts: placed(rows, kept), chosen: undefined };
  }
  if (data === undefined) return undefined;
  const dataset = await openData(withSplit(data, split), context);
  const rows = Array.from(dataset);
  if (rows.length === 0) throw new DpoError('data.empty-dataset', `${data} has no rows.`, { values: { path: data } });
  const kept = firstOfEach(rows, limit);
  const chosen = kept.flatMap((i): Answer[] => {
    const row = rows[i];
    return row === undefined ? [] : [{ prompt: row.prompt, text: answerWords(row.chosen), promptId: row.id }];
  });
  const asked = rows.map(({ prompt, tools, templateVariables }) => ({
    prompt,
    ...(tools === undefined ? {} : { tools }),
    ...(templateVariables === undefined ? {} : { templateVariables }),
  }));
  const placeOf = dataset.placeOf?.bind(dataset);
  return { prompts: placed(Object.assign(asked, placeOf === undefined ? {} : { placeOf }), kept), chosen };
}

/** The numbers of the rows whose prompt no row before them has, up to `limit` rows. */
function firstOfEach(rows: readonly PromptRow[], limit: number): number[] {
  const seen = new Set<string>();
  const kept: number[] = [];
  for (const [i, { prompt }] of rows.entries()) {
    const key = JSON.stringify(prompt);
    if (kept.length >= limit) break;
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(i);
  }
  return kept;
}

/** Some of the rows, which still know their places. */
function placed(rows: readonly PromptRow[] & PlacedRows, kept: readonly number[]): readonly PromptRow[] & PlacedRows {
  const some = kept.flatMap((i) => rows[i] ?? []);
  const { placeOf } = rows;
  if (placeOf === undefined) return some;
  return Object.assign(some, { placeOf: (row: number) => placeOf(kept[row] ?? row) });
}
