import type { Context } from '../command/define.js';
import { isInterruption } from '../command/interrupted.js';
import { EXIT } from '../command/run.js';

/**
 * What is said of a run that was interrupted: where its checkpoint is, or that there is none because no step was done. What it
 * advises can be done as it stands.
 */
export function interruptionNote(saved: string | undefined, resuming: boolean): string {
  if (saved !== undefined) return `Interrupted. Saved ${saved}. Go on with the same command and --resume.`;
  return resuming
    ? 'Interrupted before another step was done: nothing new was saved. The same command goes on from where it did.'
    : 'Interrupted before the first step was done: nothing was saved. The same command begins the run.';
}

/** Does the work of a training command, and says what an interruption before its first step leaves. */
export async function sayWhatIsSaved(
  resuming: boolean,
  context: Context,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!isInterruption(error, context.signal)) throw error;
    context.note(interruptionNote(undefined, resuming));
    return EXIT.interrupted;
  }
}
