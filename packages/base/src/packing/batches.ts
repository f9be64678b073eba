import { DpoError } from '../error.js';
import { permutation } from '../random.js';

/** How rows are dealt into batches. */
export interface BatchOptions {
  /** B, rows in a batch. */
  readonly batchSize: number;
  /** Deal every epoch in a seeded order of its own; otherwise in file order. */
  readonly shuffle?: boolean | undefined;
  readonly seed?: number | undefined;
  /** Deals each batch out to several workers: what is said of B then holds for all of them together. */
  readonly worker?: { readonly index: number; readonly of: number } | undefined;
}

/** Which rows each training step takes. */
export interface Batches {
  /** Steps in which every row is taken at least once: ⌈n / B⌉. */
  readonly stepsPerEpoch: number;
  /** The B row numbers of step k, counted from 1, or this worker's part of them. Depends on k alone, so that a resumed run sees the same batches. */
  rows(step: number): Uint32Array;
  /** How many epochs have been dealt when step k is done: k·B / n. */
  epoch(step: number): number;
}

/**
 * Deals `count` rows into batches of B. The rows of epoch 0, 1, 2, … stand one after another, each epoch in file order or,
 * with `shuffle`, in the permutation of its (seed, epoch); step k takes places (k−1)·B … k·B−1 of that row of rows.
 * Without `shuffle` these are rows (k−1)·B … k·B−1 of the file, wrapping at its end. No row is left out or repeated
 * within an epoch.
 *
 * Worker w of W gets every W-th row of a batch, from the w-th on: together they train on what one alone would.
 *
 * @throws DpoError `data.empty-dataset`, `options.invalid` (a batch size that is no positive integer, or none that the workers can share
 * evenly; a worker that is not one of them), `data.no-such-step` (a step that is no positive integer)
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
      `Worker ${index} of ${of} can have no even part of a batch of ${batchSize}: workers count from 0.`,
      { values: { ...worker, batchSize }, hint: 'Make the batch size a multiple of the number of workers.' },
    );
  let dealt: { epoch: number; order: Uint32Array } | undefined;
  const row = (place: number): number => {
    const epoch = Math.floor(place / count);
    const within = place - epoch * count;
    if (!shuffle) return within;
    if (dealt?.epoch !== epoch) dealt = { epoch, order: permutation(count, seed, epoch) };
    return dealt.order[within] as number;
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
