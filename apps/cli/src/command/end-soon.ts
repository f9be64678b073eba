/** How long a command may take to end by itself after a signal, in milliseconds. */
const GRACE_MS = 700;

/** Work that a signal ends, in the work's own time or after a grace period. */
export interface Stoppable {
  /** Does work that the signal must not cut short: the training step in progress and the checkpoint after it. */
  readonly finishing: <T>(part: () => Promise<T>) => Promise<T>;
  /** The result of the work, or the signal's reason some moments after the signal. */
  readonly result: <T>(work: Promise<T>) => Promise<T>;
}

/**
 * Lets a command end by itself after a signal, and does not wait for a command that goes on computing or waits for something
 * else. Such work goes on until the process ends, which should therefore be soon.
 *
 * @param grace milliseconds between the signal and the end
 */
export function stoppable(signal: AbortSignal, grace = GRACE_MS): Stoppable {
  let unfinished = 0;
  let look: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    look = () => {
      if (!signal.aborted || unfinished > 0) return;
      // Work that follows the last unfinished part gets the grace period too.
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
      // An error of work that nobody waits for any more must not end the process.
      work.catch(() => undefined);
      return Promise.race([work, aborted]);
    },
  };
}
