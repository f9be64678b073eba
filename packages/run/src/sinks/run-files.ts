import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asFileError } from '@dpo/base/files';
import { openMetrics, openTensorBoard, type StepRecord } from '@dpo/core';
import { keepWarnings } from './kept-warnings.js';
import type { RunStart, Sink } from './sink.js';

/** `metrics.jsonl` of the run folder: a line to a record. */
export async function metricsSink({ folder, afterStep }: RunStart): Promise<Sink> {
  const metrics = await openMetrics(folder, afterStep);
  return { record: (record) => metrics.append(record) };
}

/** TensorBoard events in the run folder: scalars, the histogram of margins, drawn answers. */
export async function tensorBoardSink({ folder, afterStep }: RunStart): Promise<Sink> {
  const events = await openTensorBoard(folder, afterStep);
  return {
    record: async (record, { margins }) => {
      await events.add(record.step, record);
      await events.addHistogram(record.step, 'margins', margins);
    },
    samples: (step, text) => events.addText(step, 'samples', text),
  };
}

/**
 * `warnings.jsonl` of the run folder: a line to a warning, once.
 *
 * @throws DpoError the codes of `asFileError`, from the sink as well
 */
export async function warningsSink({ folder, afterStep }: RunStart): Promise<Sink> {
  const path = join(folder, 'warnings.jsonl');
  await keepWarnings(path, afterStep);
  return {
    record: () => undefined,
    warning: async (warning, repeated) => {
      if (repeated) return;
      await appendFile(path, `${JSON.stringify(warning)}\n`).catch((error: unknown) => {
        throw asFileError(error, path);
      });
    },
  };
}

/** The file that keeps the rows of a step that was skipped. */
export function skippedBatchFile(folder: string, step: number): string {
  return join(folder, `skipped-batch-${step}.jsonl`);
}

/**
 * `skipped-batch-N.jsonl` of the run folder for each step that was skipped, a line to a row: a JSON object of the step, the row's
 * number from 0, and the row.
 *
 * @param rowAt the row of the data behind an example, by the example's index
 */
export function skippedRowsSink(rowAt: (row: number) => unknown): (start: RunStart) => Sink {
  return ({ folder }) => ({
    record: async ({ skipped, step, rows = [] }: StepRecord) => {
      if (!skipped) return;
      const path = skippedBatchFile(folder, step);
      const lines = rows.map((row) => `${JSON.stringify({ step, row, ...Object(rowAt(row)) })}\n`);
      await writeFile(path, lines.join('')).catch((error: unknown) => {
        throw asFileError(error, path);
      });
    },
  });
}
