import type { EncodedExample } from '@dpo/base';
import type { KeptState } from '../method.js';

/** What one step trains on. */
export interface Batch<E extends EncodedExample> {
  readonly examples: readonly E[];
  /** The examples' numbers in the data, for references computed before and for errors. Default: their places in the batch. */
  readonly indices?: readonly number[] | undefined;
  /** What the record of the step says besides, such as the mean reward of samples. */
  readonly records?: Readonly<Record<string, number>> | undefined;
  /** True where these are one worker's examples, others having theirs. Default: false, and workers share the batch evenly. */
  readonly ofWorker?: boolean | undefined;
}

/**
 * Where the batch of each step comes from: out of a dataset, or sampled from the model that is being trained. The trainer
 * asks for the batch of step k when step k − 1 is done, once; several updates to one set of samples are several steps, to
 * which the source gives the same examples.
 */
export interface BatchSource<E extends EncodedExample> {
  /** The batch of step k, counted from 1. */
  batch(step: number): Batch<E> | Promise<Batch<E>>;
  /** Examples of the data, that an epoch goes through. Absent where there is no end to them. */
  readonly examples?: number | undefined;
  /**
   * True where the batch is a function of the step alone and known at once, so that it may be asked for at any time: such
   * batches are laid out in advance. Default: false.
   */
  readonly known?: boolean | undefined;
  /** What the source remembers from step to step; checkpoints keep it. */
  readonly state?: KeptState | undefined;
}
