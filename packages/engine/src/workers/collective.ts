/**
 * Workers that train one model together, each on its part of every batch. All of them call the same members in the same
 * order; a call resolves when all have called it.
 */
export interface Collective {
  /** This worker's number, from 0. */
  readonly rank: number;
  /** How many workers there are. */
  readonly size: number;
  /** Replaces the numbers of each buffer by their sums over all workers. */
  sum(buffers: readonly Float32Array[]): Promise<void>;
  /** The numbers of all workers, by rank. Each may hand in another count of them. */
  gather(values: readonly number[]): Promise<readonly (readonly number[])[]>;
}

/** One worker alone: sums and lists are what it hands in. */
export const alone: Collective = {
  rank: 0,
  size: 1,
  sum: async () => undefined,
  gather: async (values) => [values],
};

/** Whether any worker says so: known to all of them alike. */
export async function anyWorker(collective: Collective, said: boolean): Promise<boolean> {
  return collective.size === 1 ? said : (await collective.gather([Number(said)])).flat().includes(1);
}
