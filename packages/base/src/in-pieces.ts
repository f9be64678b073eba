/** Work in steps: each `next` does one step, and the last step returns the result. */
export type Steps<Result> = Iterator<unknown, Result>;

/** The milliseconds that a computation may block the thread. Signals and timers wait for its pause. */
const STRETCH_MS = 50;

/** Does all steps without a pause and returns their result. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * Does all steps and resolves to their result, with a pause about every 50 ms, in which signals, timers and other work of the
 * process get their turn. The result equals the result of {@link atOnce}.
 *
 * @throws the errors of the steps; the signal's reason when the signal is aborted
 */
export async function inPieces<Result>(steps: Steps<Result>, signal?: AbortSignal): Promise<Result> {
  const pause = pauses(signal);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    const turn = pause();
    if (turn !== undefined) await turn;
  }
}

/**
 * For asynchronous loops: a function to call and await between two rounds. The result is a pause after about 50 ms of work, and
 * undefined at other times.
 *
 * @throws the signal's reason when the signal is aborted
 */
export function pauses(signal?: AbortSignal): () => Promise<void> | undefined {
  let nextPause = performance.now() + STRETCH_MS;
  const pause = async () => {
    await otherWork();
    signal?.throwIfAborted();
    nextPause = performance.now() + STRETCH_MS;
  };
  return () => (performance.now() < nextPause ? undefined : pause());
}

/** Waits while other work of the process runs. Browsers have timers only. */
function otherWork(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
