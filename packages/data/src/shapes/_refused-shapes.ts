import type { FileRecord } from '../rows/parse-values.js';
import { holds } from './_shape.js';
import { isJudged } from './judged-shapes.js';

/** A recognised shape whose rows are not read as pairs. */
export interface RefusedShape {
  /** A sentence that says what the row is. */
  readonly what: string;
  /** What to do with such rows. */
  readonly hint: string;
  matches(row: FileRecord): boolean;
}

const all = (row: FileRecord, ...keys: readonly string[]) => keys.every((key) => holds(row, key));

/** Recognised shapes that another command or function reads. */
export const refusedShapes: readonly RefusedShape[] = [
  {
    what: 'the row holds two whole dialogues as text ("\\n\\nHuman: … \\n\\nAssistant: …") and no prompt: Anthropic HH',
    hint: 'dpo data build hh makes pairs of such files: it splits them at the last "\\n\\nAssistant:".',
    matches: (row) =>
      !holds(row, 'prompt') &&
      [row.chosen, row.rejected].every((text) => typeof text === 'string' && /(^|\n\n)(Human|Assistant):/.test(text)),
  },
  {
    what: 'the row has "history", "human_ref_A", "human_ref_B" and "labels": Stanford Human Preferences',
    hint: 'dpo data build shp makes pairs of such files.',
    matches: (row) => all(row, 'history', 'human_ref_A', 'human_ref_B', 'labels'),
  },
  {
    what: 'the row has "info", "summaries" and "choice": comparisons of TL;DR summaries',
    hint: 'dpo data build tldr makes pairs of such files.',
    matches: (row) => all(row, 'info', 'summaries', 'choice'),
  },
  {
    what: 'the row is a single labelled answer (prompt, completion, label, or a conversation with kto_tag), not a pair',
    hint: 'The method kto trains on such rows. dpo data build labelled, or buildLabelled, makes pairs of them.',
    matches: (row) =>
      isJudged(row) || ('label' in row && 'completion' in row && !('chosen' in row || 'rejected' in row)),
  },
];
