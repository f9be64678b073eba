/** Lets so much work run at a time, and less after a server refused some as too much. */
export interface Throttle {
  /** Runs work as soon as there is room and no pause. The work may ask for a pause. */
  readonly run: <T>(work: (slowDown: SlowDown) => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;
  /** How much may run at a time now. */
  readonly limit: () => number;
}

/** Halves the limit, and begins nothing for so many milliseconds. */
type SlowDown = (milliseconds: number) => void;

/** Time and waiting, which tests replace. */
export interface Clock {
  readonly now: () => number;
  /** Rejects with the signal's reason when it is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** The real time. */
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
 * A throttle whose limit begins at `most` and comes back to it: the limit grows by one after as many successes as it is. Work that
 * had begun before the limit was halved does not halve the limit again.
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
        const halvingsBefore = halvings;
        const result = await work((milliseconds) => {
          pausedUntil = Math.max(pausedUntil, clock.now() + milliseconds);
          if (halvingsBefore < halvings) return;
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
