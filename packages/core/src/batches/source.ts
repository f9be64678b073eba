import type { EncodedExample } from '@dpo/base';
import type { KeptState } from '../method.js';

/** The examples that one step trains on. */
export interface Batch<E extends EncodedExample> {
  readonly examples: readonly E[];
  /** The examples' numbers in the data, which precomputed references and errors go by. Default: their places in the batch. */
  readonly indices?: readonly number[] | undefined;
  /** Further numbers for the record of the step, such as the mean reward of samples. */
  readonly records?: Readonly<Record<string, number>> | undefined;
  /** True when the examples are this worker's own. Default: false, and workers share the batch evenly. */
  readonly ofWorker?: boolean | undefined;
}

/**
 * The source of each step's batch: a dataset, or samples of the model that is being trained. The trainer asks once for the
 * batch of step k, when step k − 1 is done. Several updates to one set of samples are several steps, to which the source gives
 * the same examples.
 */
export interface BatchSource<E extends EncodedExample> {
  /** The batch of step k, counted from 1. */
  batch(step: number): Batch<E> | Promise<Batch<E>>;
  /** The number of examples in the data, which an epoch goes through. Absent when the data have no end. */
  readonly examples?: number | undefined;
  /**
   * True when a batch depends on the step's number alone and comes at once, so that the trainer may ask for the batch at any
   * time. The packing of such batches is planned before the first step. Default: false.
   */
  readonly plannable?: boolean | undefined;
  /** What the source remembers from step to step; checkpoints keep the memory. */
  readonly state?: KeptState | undefined;
}
