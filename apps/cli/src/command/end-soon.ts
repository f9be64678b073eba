/** What a command may take to end by itself after a signal. */
const GRACE_MS = 700;

/** Work that ends when it is told to, in its own time or ours. */
export interface Stoppable {
  /** Does a part that is not cut short: the training step in progress and the checkpoint after it. */
  readonly finishing: <T>(part: () => Promise<T>) => Promise<T>;
  /** The result of the work, or the signal's reason some moments after the signal. */
  readonly result: <T>(work: Promise<T>) => Promise<T>;
}

/**
 * Lets a command end by itself after a signal; one that waits for something, or goes on computing, is not waited for. What it
 * was doing goes on until the process ends, which should therefore be soon.
 */
export function stoppable(signal: AbortSignal, grace = GRACE_MS): Stoppable {
  let unfinished = 0;
  let look: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    look = () => {
      if (!signal.aborted || unfinished > 0) return;
      // The parts that follow the last unfinished one get their moments too.
      setTimeout(() => (unfinished > 0 ? undefined : reject(signal.reason)), grace).unref();
    };
    signal.addEventListener('abort', look, { once: true });
    look();
  });
  aborted.catch(() => undefined);
  return {
    finishing: async (part) => {
      unfinished++;
      try {
        return await part();
      } finally {
        unfinished--;
        look?.();
      }
    },
    result: async (work) => {
      // Whatever comes of work that was left, nobody waits for it.
      work.catch(() => undefined);
      return Promise.race([work, aborted]);
    },
  };
}
