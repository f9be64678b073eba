/** How a run reports what it does, and how a caller ends it. The command line's context is a `RunContext`. */
export interface RunContext {
  /** A line that stays: what was opened, what was left out, what is wrong. */
  readonly note: (line: string) => void;
  /** A line that takes the place of the one before it. */
  readonly progress: (line: string) => void;
  /** Aborting ends the run after the step in progress, with a checkpoint. */
  readonly signal: AbortSignal;
  /** Does work that an interruption must not cut in two: the step in progress and the checkpoint after it. */
  readonly finishing: <T>(part: () => Promise<T>) => Promise<T>;
}

/** A context from the parts that a caller has. Without them the run says nothing, and nothing ends the run early. */
export function runContext(parts: Partial<RunContext>): RunContext {
  const {
    note = () => undefined,
    progress = () => undefined,
    signal = new AbortController().signal,
    finishing = (part) => part(),
  } = parts;
  return { note, progress, signal, finishing };
}
