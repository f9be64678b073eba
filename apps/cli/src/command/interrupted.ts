/** Whether an aborted signal caused an error: the error or one of its causes is the signal's reason or an `AbortError`. */
export function isInterruption(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  const visited = new Set<unknown>();
  for (let cause = error; cause instanceof Error && !visited.has(cause); cause = cause.cause) {
    if (cause === signal.reason || cause.name === 'AbortError') return true;
    visited.add(cause);
  }
  return false;
}
