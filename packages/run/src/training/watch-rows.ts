import { inPieces } from '@dpo/base';
import { type CutAnswer, type TrainingWarning, watchRowsSteps } from '@dpo/core';
import type { DataExample, GivenReference, RowKind } from './row-kinds.js';

/** The examples of training and the held-out ones, with the reference log-probabilities in the data. */
interface Examples<Example> {
  readonly examples: readonly Example[];
  readonly heldOut: readonly Example[] | undefined;
  readonly givenReference: GivenReference;
  /** The answers of an example that the method reads. */
  readonly answers: (example: Example) => readonly CutAnswer[];
}

/**
 * Warnings about rows that can each be used and are wrong together, such as repeated rows. They are known before the first step.
 *
 * @throws DpoError `train.nothing-to-learn`
 */
export async function watchRows<Row, Example extends DataExample>(
  kind: RowKind<Row, Example>,
  { examples, heldOut = [], givenReference, answers }: Examples<Example>,
  signal: AbortSignal,
): Promise<TrainingWarning[]> {
  const toWatch = (example: Example) => ({
    row: example.row,
    prompt: example.prompt,
    answers: answers(example),
    desirable: kind.desirable?.(example),
  });
  const warnings = await inPieces(watchRowsSteps(examples.map(toWatch), heldOut.map(toWatch)), signal);
  return [...warnings, ...incompleteReference(givenReference, examples.length)];
}

function incompleteReference({ rows, partial = false }: GivenReference, of: number): TrainingWarning[] {
  if (!partial) return [];
  return [
    {
      code: 'reference-incomplete',
      step: 0,
      message: `Only ${rows} of ${of} rows have both reference log-probabilities (reference_chosen_logp, reference_rejected_logp): no row's are used.`,
      hint: 'Give all rows both numbers, or leave the columns out.',
    },
  ];
}
