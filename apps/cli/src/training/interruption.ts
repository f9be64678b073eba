/** The options that say whether a run is resumed. */
export interface ResumeOptions {
  readonly resume: boolean;
  readonly resumeFrom?: string | undefined;
}

/** Whether a run is resumed. */
function isResuming({ resume, resumeFrom }: ResumeOptions): boolean {
  return resume || resumeFrom !== undefined;
}

/** The note about a run that was interrupted after a step: where its checkpoint is. */
export function savedNote(checkpoint: string): string {
  return `Interrupted. Saved ${checkpoint}. Go on with the same command and --resume.`;
}

/** The note about a run that was interrupted before a step was done: which command goes on. */
export function nothingSavedNote(options: ResumeOptions): string {
  return isResuming(options)
    ? 'Interrupted before another step was done: nothing new was saved. The same command goes on from the same checkpoint.'
    : 'Interrupted before the first step was done: nothing was saved. The same command begins the run.';
}
