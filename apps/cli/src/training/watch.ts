import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asFileError } from '@dpo/base/files';
import { openTensorBoard, readMetrics, type StepRecord, type TrainingWarning, watchTraining } from '@dpo/core';
import type { Context } from '../command/define.js';
import { keepWarnings } from './kept-warnings.js';

export interface WatchSettings {
  readonly warmupSteps: number;
  readonly beta?: number | undefined;
  readonly tensorboard?: boolean | undefined;
  /** What was known before the first step. */
  readonly early?: readonly TrainingWarning[] | undefined;
  /** A row of the data as it was read, for the files of skipped steps. */
  readonly rowAt?: ((row: number) => unknown) | undefined;
}

/**
 * What is done with each record besides storing it: TensorBoard events, the rows of skipped steps in
 * `skipped-batch-N.jsonl`, and warnings, said once and kept in `warnings.jsonl` of the run folder. A resumed run is watched as if it had not stopped.
 */
export async function openWatch(
  folder: string,
  afterStep: number,
  { warmupSteps, beta, tensorboard = true, early = [], rowAt }: WatchSettings,
  context: Context,
): Promise<(record: StepRecord, margins: readonly number[], samples?: string) => Promise<void>> {
  const batchFile = (step: number) => join(folder, `skipped-batch-${step}.jsonl`);
  const watch = watchTraining({ warmupSteps, beta, batchFile: rowAt && batchFile });
  const path = join(folder, 'warnings.jsonl');
  await keepWarnings(path, afterStep);
  if (afterStep > 0) for (const record of await readMetrics(folder)) watch(record as unknown as StepRecord);
  const events = tensorboard ? await openTensorBoard(folder, afterStep) : undefined;
  const say = async (warning: TrainingWarning, known = false) => {
    context.note(`Warning: ${warning.message} ${warning.hint}`);
    if (known) return;
    await appendFile(path, `${JSON.stringify(warning)}\n`).catch((error: unknown) => {
      throw asFileError(error, path);
    });
  };
  for (const warning of early) await say(warning, afterStep > 0);
  return async (record, margins, samples) => {
    await events?.add(record.step, record);
    await events?.addHistogram(record.step, 'margins', margins);
    if (samples !== undefined) await events?.addText(record.step, 'samples', samples);
    if (record.skipped && rowAt) await keepRows(batchFile(record.step), record, rowAt);
    for (const warning of watch(record)) await say(warning);
  };
}

/** Keeps the rows of a skipped step, one JSON object a line: the step, the row's number from 0, and what the data hold. */
async function keepRows(path: string, { step, rows = [] }: StepRecord, rowAt: (row: number) => unknown): Promise<void> {
  const lines = rows.map((row) => `${JSON.stringify({ step, row, ...Object(rowAt(row)) })}\n`);
  await writeFile(path, lines.join('')).catch((error: unknown) => {
    throw asFileError(error, path);
  });
}
