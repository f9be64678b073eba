/**
 * The workers that train one model together, each on its part of every batch. All workers call the same members in the same
 * order; a call resolves when all workers have made the call.
 */
export interface Collective {
  /** This worker's number, from 0. */
  readonly rank: number;
  /** The number of workers. */
  readonly size: number;
  /** Replaces the numbers of each buffer by their sums over all workers. */
  sum(buffers: readonly Float32Array[]): Promise<void>;
  /** The numbers of all workers, by rank. Workers may give different counts of numbers. */
  gather(values: readonly number[]): Promise<readonly (readonly number[])[]>;
  /** Writes the parts of all workers into `whole`, by rank. All parts have the same length, and `whole` has room for all. */
  join(part: Float32Array, whole: Float32Array): Promise<void>;
}

/** A single worker, whose sums and lists are its own numbers. */
export const alone: Collective = {
  rank: 0,
  size: 1,
  sum: async () => undefined,
  gather: async (values) => [values],
  join: async (part, whole) => whole.set(part),
};

/** Tells whether `flag` is true for any worker. All workers get the same answer. */
export async function anyWorker(collective: Collective, flag: boolean): Promise<boolean> {
  return collective.size === 1 ? flag : (await collective.gather([Number(flag)])).flat().includes(1);
}
