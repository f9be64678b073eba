import { DpoError, type EncodedExample } from '@dpo/base';
import type { Collective } from '@dpo/engine';
import type { StepExample } from '../step/micro-batch.js';
import type { Batch } from './source.js';

/** A worker's part of a step. */
export interface Share<E extends EncodedExample> {
  readonly examples: readonly StepExample<E>[];
  /** Examples of the step over all workers. */
  readonly total: number;
  /** The numbers of the batch's examples in the data. */
  readonly indices: readonly number[];
}

/**
 * This worker's examples of a batch. Of a batch that all W workers have, the worker takes every W-th example from its rank on;
 * of a batch of the worker's own, all examples.
 *
 * @throws DpoError `train.too-few-examples` when there are fewer examples than workers
 */
export async function shareOf<E extends EncodedExample>(batch: Batch<E>, collective: Collective): Promise<Share<E>> {
  const { examples, indices, ofWorker = false } = batch;
  const { rank, size } = collective;
  const numbered = examples.map((example, i) => ({ example, index: indices?.[i] ?? i, place: i }));
  const all = numbered.map(({ index }) => index);
  if (!ofWorker) {
    checkShares(examples.length, size);
    return { examples: numbered.filter(({ place }) => place % size === rank), total: examples.length, indices: all };
  }
  const counts = (await collective.gather([examples.length])).map(([count = 0]) => count);
  const before = counts.slice(0, rank).reduce((sum, count) => sum + count, 0);
  return {
    examples: numbered.map((each) => ({ ...each, place: before + each.place })),
    total: counts.reduce((sum, count) => sum + count, 0),
    indices: all,
  };
}

/**
 * Checks that each of some workers gets an example: a worker without one would have no columns, for which the others would wait.
 *
 * @throws DpoError `train.too-few-examples` when there are fewer examples than workers
 */
export function checkShares(examples: number, workers: number): void {
  if (examples >= workers) return;
  throw new DpoError('train.too-few-examples', `${examples} examples cannot be shared by ${workers} workers.`, {
    values: { examples, workers },
    hint: 'Give each worker at least one: larger batches, more held-out examples, or fewer workers.',
  });
}
