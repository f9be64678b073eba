import { inPieces } from '@dpo/base';
import { type CutAnswer, type TrainingWarning, watchRowsSteps } from '@dpo/core';
import type { EncodedRow, GivenReference, RowKind } from './row-kinds.js';

/** The rows that are trained on and held out, and what the data hold of the reference. */
interface Rows<Row> {
  readonly train: readonly Row[];
  readonly held: readonly Row[] | undefined;
  readonly givenReference: GivenReference;
  /** The answers that the method reads of a row. */
  readonly answers: (row: Row) => readonly CutAnswer[];
}

/**
 * What is wrong with rows although each of them can be used; known before the first step.
 *
 * @throws DpoError `train.nothing-to-learn`
 */
export async function rowWarnings<Given, Row extends EncodedRow>(
  kind: RowKind<Given, Row>,
  { train, held = [], givenReference, answers }: Rows<Row>,
  signal: AbortSignal,
): Promise<TrainingWarning[]> {
  const watched = (row: Row) => ({
    row: row.row,
    prompt: row.prompt,
    answers: answers(row),
    desirable: kind.desirable?.(row),
  });
  const warnings = await inPieces(watchRowsSteps(train.map(watched), held.map(watched)), signal);
  return [...warnings, ...incompleteReference(givenReference, train.length)];
}

function incompleteReference({ rows, partial = false }: GivenReference, of: number): TrainingWarning[] {
  if (!partial) return [];
  return [
    {
      code: 'reference-incomplete',
      step: 0,
      message: `Only ${rows} of ${of} rows have both reference log-probabilities (reference_chosen_logp, reference_rejected_logp): none of them are used.`,
      hint: 'Give all rows both numbers, or leave the columns out.',
    },
  ];
}
