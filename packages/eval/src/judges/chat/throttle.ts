/** Lets so many through at a time; fewer after a server said that it was too much. */
export interface Throttle {
  /** Runs work as soon as there is room and no pause. The work may ask for a pause. */
  readonly run: <T>(work: (slowDown: SlowDown) => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;
  /** How many may go through at present. */
  readonly limit: () => number;
}

/** Halves what goes through at a time, and begins nothing for so many milliseconds. */
type SlowDown = (milliseconds: number) => void;

/** What waits, so that tests need not. */
export interface Clock {
  readonly now: () => number;
  /** Rejects with the signal's reason when it is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

export const wallClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const end = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', end);
        resolve();
      }, milliseconds);
      signal?.addEventListener('abort', end, { once: true });
    }),
};

/**
 * A throttle that begins at `most` and comes back to it: as many successes as the limit let one more through. Refusals of work
 * that had begun before the limit was halved are no further reason to halve it.
 */
export function throttle(most: number, clock: Clock = wallClock): Throttle {
  let limit = most;
  let running = 0;
  let successes = 0;
  let halvings = 0;
  let pausedUntil = 0;
  const waiting: (() => void)[] = [];

  async function endOfPause(signal: AbortSignal | undefined): Promise<void> {
    for (let rest = pausedUntil - clock.now(); rest > 0; rest = pausedUntil - clock.now())
      await clock.sleep(rest, signal);
    signal?.throwIfAborted();
  }

  function leave(): void {
    running--;
    for (const look of waiting.splice(0)) look();
  }

  function succeed(): void {
    successes++;
    if (successes < limit || limit === most) return;
    limit++;
    successes = 0;
  }

  return {
    run: async (work, signal) => {
      while (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      running++;
      try {
        await endOfPause(signal);
        const begun = halvings;
        const result = await work((milliseconds) => {
          pausedUntil = Math.max(pausedUntil, clock.now() + milliseconds);
          if (begun < halvings) return;
          halvings++;
          successes = 0;
          limit = Math.max(1, Math.floor(limit / 2));
        });
        succeed();
        return result;
      } finally {
        leave();
      }
    },
    limit: () => limit,
  };
}
