import { DpoError, type EncodedExample } from '@dpo/base';
import { batches } from '@dpo/base/packing';
import type { BatchSource } from './source.js';

/** How a dataset is divided into batches. */
export interface OfflineOptions {
  /** Examples to a step. Default 64, as in the DPO paper. */
  readonly batchSize?: number | undefined;
  /** True puts every epoch into a random order of its own; false keeps the order of the data. Default true. */
  readonly shuffle?: boolean | undefined;
  /** The seed of the random order. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * Batches of a dataset. Each epoch goes through all examples once, in an order of its own that depends on the seed alone, and
 * a batch may reach into the next epoch. The batch of step k depends on k alone, so that a resumed run trains on the same
 * batches.
 *
 * @throws DpoError `data.empty-dataset` when there are no examples, `options.invalid` when the batch size is no positive integer
 */
export function offlineBatches<E extends EncodedExample>(
  examples: readonly E[],
  { batchSize = 64, shuffle = true, seed = 0 }: OfflineOptions = {},
): BatchSource<E> {
  const deal = batches(examples.length, { batchSize, shuffle, seed });
  return chosenBatches(examples, (step) => deal.rows(step));
}

/**
 * Batches by a rule of one's own, which gives the numbers of the examples that step k trains on. The rule must depend on k alone.
 *
 * @throws DpoError `train.no-such-row` in training, when the rule gives a number that no example has
 */
export function chosenBatches<E extends EncodedExample>(
  examples: readonly E[],
  indicesOfStep: (step: number) => Iterable<number>,
): BatchSource<E> {
  return {
    examples: examples.length,
    plannable: true,
    batch(step) {
      const indices = [...indicesOfStep(step)];
      return { indices, examples: indices.map((index) => exampleAt(examples, index)) };
    },
  };
}

function exampleAt<E>(examples: readonly E[], index: number): E {
  const example = examples[index];
  if (example !== undefined) return example;
  throw new DpoError('train.no-such-row', `Row ${index} was asked for, but there are ${examples.length} rows.`, {
    values: { row: index, rows: examples.length },
  });
}
