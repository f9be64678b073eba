/** Whether an error is there because the signal was aborted: the signal's reason, or an error that it caused. */
export function isInterruption(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  const seen = new Set<unknown>();
  for (let cause = error; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    if (cause === signal.reason || cause.name === 'AbortError') return true;
    seen.add(cause);
  }
  return false;
}
