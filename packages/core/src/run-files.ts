import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, readTextFile, writeFileAtomic } from '@dpo/base/files';

/** A run's `metrics.jsonl`, open for writing. */
export interface MetricsFile {
  readonly path: string;
  /** Appends a record as one line of JSON. NaN and infinities become null. */
  append(record: Readonly<Record<string, unknown>> | object): Promise<void>;
}

/**
 * Opens `metrics.jsonl` of a run's folder. Lines of steps after `afterStep` are cut off, and so is a last line that a kill
 * left half written: the resumed run writes them again. `afterStep` 0 begins a new file.
 *
 * @throws DpoError `run.bad-metrics` as {@link readMetrics} does; `file.…` when the file cannot be written
 */
export async function openMetrics(folder: string, afterStep = 0): Promise<MetricsFile> {
  const path = join(folder, 'metrics.jsonl');
  const remaining = (await readMetrics(folder)).filter(({ step }) => step <= afterStep);
  await writeFileAtomic(path, (file) =>
    writeFile(file, remaining.map((record) => `${JSON.stringify(record)}\n`).join('')),
  );
  return {
    path,
    append: (record) =>
      appendFile(path, `${JSON.stringify(record)}\n`).catch((error: unknown) => {
        throw asFileError(error, path);
      }),
  };
}

/** A line of `metrics.jsonl`. */
export type StoredRecord = { readonly step: number } & Readonly<Record<string, unknown>>;

/**
 * Reads the records of a run's `metrics.jsonl`. Without such a file there are no records. A last line that a kill or a lost
 * disk damaged is left out.
 *
 * @throws DpoError `run.bad-metrics` with the number of any other line that is no record
 */
export async function readMetrics(folder: string): Promise<StoredRecord[]> {
  const path = join(folder, 'metrics.jsonl');
  const text = await readTextFile(path).catch((error: unknown) => {
    const fileError = asFileError(error, path);
    if (DpoError.is(fileError, 'file.not-found')) return '';
    throw fileError;
  });
  const lines = text.split('\n');
  // Every whole line ends in a newline, so that the last piece is empty or torn.
  lines.pop();
  const records = lines.map(recordOf);
  if (records.at(-1) === undefined) records.pop();
  return records.map((record, i) => record ?? badLine(path, i + 1));
}

/** The record of a line; undefined when the line holds none. */
function recordOf(line: string): StoredRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isRecord = typeof value === 'object' && value !== null && 'step' in value;
    return isRecord && Number.isSafeInteger(value.step) ? (value as StoredRecord) : undefined;
  } catch {
    return undefined;
  }
}

function badLine(path: string, line: number): never {
  throw new DpoError('run.bad-metrics', `${path}, line ${line} is no record: a JSON object with a step.`, {
    values: { path, line },
    hint: 'Mend or remove that line.',
  });
}

/** Writes a run's resolved configuration to `config.json` in its folder. */
export async function writeRunConfig(folder: string, config: unknown): Promise<void> {
  const path = join(folder, 'config.json');
  await writeFileAtomic(path, (file) => writeFile(file, `${JSON.stringify(config, null, 2)}\n`));
}
