/** The options that say whether a run goes on with an earlier one. */
export interface ResumeOptions {
  readonly resume: boolean;
  readonly resumeFrom?: string | undefined;
}

/** Whether a run goes on with an earlier one. */
function isResuming({ resume, resumeFrom }: ResumeOptions): boolean {
  return resume || resumeFrom !== undefined;
}

/** What is said of a run that was interrupted after a step: where its checkpoint is. */
export function savedNote(checkpoint: string): string {
  return `Interrupted. Saved ${checkpoint}. Go on with the same command and --resume.`;
}

/** What is said of a run that was interrupted before a step was done. What it advises can be done as it stands. */
export function nothingSavedNote(options: ResumeOptions): string {
  return isResuming(options)
    ? 'Interrupted before another step was done: nothing new was saved. The same command goes on from where it did.'
    : 'Interrupted before the first step was done: nothing was saved. The same command begins the run.';
}
