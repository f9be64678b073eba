import { DpoError, type EncodedExample } from '@dpo/base';
import { batches } from '@dpo/base/packing';
import type { BatchSource } from './source.js';

/** How a dataset is dealt into batches. */
export interface OfflineOptions {
  /** Examples to a step. Default 64, as in the DPO paper. */
  readonly batchSize?: number | undefined;
  /** Deals every epoch in a seeded order of its own; otherwise in the order of the data. Default true. */
  readonly shuffle?: boolean | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
}

/**
 * Batches out of a dataset: each epoch goes through all examples once, in an order of its own that depends on the seed alone,
 * and a batch may reach into the next epoch. Step k's batch is a function of k, so that a resumed run goes on exactly.
 *
 * @throws DpoError `data.empty-dataset`, `options.invalid` for a batch size that is no positive integer
 */
export function offlineBatches<E extends EncodedExample>(
  examples: readonly E[],
  { batchSize = 64, shuffle = true, seed = 0 }: OfflineOptions = {},
): BatchSource<E> {
  const deal = batches(examples.length, { batchSize, shuffle, seed });
  return chosenBatches(examples, (step) => deal.rows(step));
}

/**
 * Batches by a rule of one's own: the numbers of the examples that step k trains on. The rule must depend on k alone.
 *
 * @throws DpoError `train.no-such-row` in training, for a number that no example has
 */
export function chosenBatches<E extends EncodedExample>(
  examples: readonly E[],
  indicesOfStep: (step: number) => Iterable<number>,
): BatchSource<E> {
  return {
    examples: examples.length,
    known: true,
    batch(step) {
      const indices = [...indicesOfStep(step)];
      return { indices, examples: indices.map((index) => exampleAt(examples, index)) };
    },
  };
}

function exampleAt<E>(examples: readonly E[], index: number): E {
  const found = examples[index];
  if (found !== undefined) return found;
  throw new DpoError('train.no-such-row', `Row ${index} was asked for, but there are ${examples.length} rows.`, {
    values: { row: index, rows: examples.length },
  });
}
