import { DpoError } from '../error.js';
import { permutation } from '../random.js';

/** The options of {@link batches}. */
export interface BatchOptions {
  /** B, rows in a batch. */
  readonly batchSize: number;
  /** True deals every epoch in a seeded order of its own. Default false: file order. */
  readonly shuffle?: boolean | undefined;
  /** Draws the orders of epochs. Default 0. */
  readonly seed?: number | undefined;
  /** Deals each batch out to several workers; B is then the batch size of all workers together. Default one worker. */
  readonly worker?: { readonly index: number; readonly of: number } | undefined;
}

/** The rows of each training step. */
export interface Batches {
  /** The number of steps that take every row at least once: ⌈n / B⌉. */
  readonly stepsPerEpoch: number;
  /**
   * The B row numbers of step k, counted from 1, or this worker's part of them. The result depends on k alone, so that a resumed
   * run has the same batches.
   * @throws DpoError `data.no-such-step` for a step that is not a positive integer
   */
  rows(step: number): Uint32Array;
  /** The number of epochs after step k: k·B / n. */
  epoch(step: number): number;
}

/**
 * Deals `count` rows into batches of B. The epochs 0, 1, 2, … form one long sequence. An epoch has all rows in file order or, with
 * `shuffle`, in the permutation of (seed, epoch). Step k takes the places (k−1)·B … k·B−1 of the sequence. So each epoch has
 * every row exactly once.
 *
 * Worker w of W gets every W-th row of a batch, from the w-th on. All workers together have the rows that one worker alone would
 * have.
 *
 * @throws DpoError `data.empty-dataset`; `options.invalid` for a batch size that is not a positive integer, or not a multiple of the
 * number of workers, and for a worker's index out of range
 */
export function batches(count: number, options: BatchOptions): Batches {
  const { batchSize, shuffle = false, seed = 0, worker = { index: 0, of: 1 } } = options;
  if (count < 1) throw new DpoError('data.empty-dataset', 'There are no rows to deal into batches.');
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new DpoError('options.invalid', `batchSize must be a positive integer, not ${batchSize}.`, {
      values: { batchSize },
    });
  }
  const { index, of } = worker;
  if (!Number.isInteger(of) || of < 1 || batchSize % of !== 0 || !Number.isInteger(index) || index < 0 || index >= of)
    throw new DpoError(
      'options.invalid',
      `Worker ${index} of ${of} cannot get an equal part of a batch of ${batchSize}: workers count from 0.`,
      { values: { ...worker, batchSize }, hint: 'Make the batch size a multiple of the number of workers.' },
    );
  let current: { epoch: number; order: Uint32Array } | undefined;
  const row = (place: number): number => {
    const epoch = Math.floor(place / count);
    const index = place - epoch * count;
    if (!shuffle) return index;
    if (current?.epoch !== epoch) current = { epoch, order: permutation(count, seed, epoch) };
    return current.order[index] as number;
  };
  return {
    stepsPerEpoch: Math.ceil(count / batchSize),
    rows(step) {
      if (!Number.isInteger(step) || step < 1) {
        throw new DpoError('data.no-such-step', `There is no step ${step}: steps are counted from 1.`, {
          values: { step },
        });
      }
      const first = (step - 1) * batchSize;
      return Uint32Array.from({ length: batchSize / of }, (_, i) => row(first + i * of + index));
    },
    epoch: (step) => (step * batchSize) / count,
  };
}
