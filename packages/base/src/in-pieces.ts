/** Work in steps: each `next` does one, the last one gives the result. */
export type Steps<Result> = Iterator<unknown, Result>;

/** So long, in milliseconds, a computation may hold the thread: signals and timers wait until it pauses. */
const STRETCH_MS = 50;

/** Does all steps at once and returns their result. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * Does all steps and resolves to their result; about every 50 ms it pauses, so that signals, timers and other work of the
 * process get their turn. The result and the errors are those of {@link atOnce}.
 *
 * @throws the signal's reason when it is aborted
 */
export async function inPieces<Result>(steps: Steps<Result>, signal?: AbortSignal): Promise<Result> {
  const pause = pauses(signal);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    const paused = pause();
    if (paused !== undefined) await paused;
  }
}

/**
 * For loops that are asynchronous anyway: a function to be awaited between two rounds. It pauses where the loop has held the
 * thread for about 50 ms, and is undefined at other times.
 *
 * @throws the signal's reason when it is aborted
 */
export function pauses(signal?: AbortSignal): () => Promise<void> | undefined {
  let nextPause = performance.now() + STRETCH_MS;
  const pause = async () => {
    await turn();
    signal?.throwIfAborted();
    nextPause = performance.now() + STRETCH_MS;
  };
  return () => (performance.now() < nextPause ? undefined : pause());
}

/** Lets other work of the process have its turn. Browsers have timers alone. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
