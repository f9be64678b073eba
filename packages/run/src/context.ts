/** How a run speaks while it works, and how it is ended. The command line's context is one. */
export interface RunContext {
  /** A line that stays: what was opened, what was left out, what is wrong. */
  readonly note: (line: string) => void;
  /** A line that takes the place of the one before it. */
  readonly progress: (line: string) => void;
  /** Aborting ends the run after the step in progress, with a checkpoint. */
  readonly signal: AbortSignal;
  /** Does a part of the work that is not left half done: the step in progress and the checkpoint after it. */
  readonly finishing: <T>(part: () => Promise<T>) => Promise<T>;
}

/** A context from the parts that a caller gives: without them nothing is said and nothing ends the run early. */
export function runContext(given: Partial<RunContext>): RunContext {
  const {
    note = () => undefined,
    progress = () => undefined,
    signal = new AbortController().signal,
    finishing = (part) => part(),
  } = given;
  return { note, progress, signal, finishing };
}
