import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, writeFileAtomic } from '@dpo/base/files';

/** Appends records to a run's `metrics.jsonl`, one JSON object to a line. NaN and infinities become null. */
export interface MetricsFile {
  readonly path: string;
  append(record: Readonly<Record<string, unknown>> | object): Promise<void>;
}

/**
 * Opens `metrics.jsonl` of a run's folder. Lines of later steps than `afterStep` are cut off, and so is a last line
 * that a kill left half written: a run resumed from a checkpoint writes them again. 0 begins a new file.
 */
export async function openMetrics(folder: string, afterStep = 0): Promise<MetricsFile> {
  const path = join(folder, 'metrics.jsonl');
  const kept = (await readMetrics(folder)).filter(({ step }) => step <= afterStep);
  await writeFileAtomic(path, (file) => writeFile(file, kept.map((record) => `${JSON.stringify(record)}\n`).join('')));
  return {
    path,
    append: (record) =>
      appendFile(path, `${JSON.stringify(record)}\n`).catch((error: unknown) => {
        throw asFileError(error, path);
      }),
  };
}

/** The records of a run's `metrics.jsonl`; none where there is no such file. A torn last line is left out. */
export async function readMetrics(folder: string): Promise<({ step: number } & Record<string, unknown>)[]> {
  const path = join(folder, 'metrics.jsonl');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const known = asFileError(error, path);
    if (DpoError.is(known, 'file.not-found')) return '';
    throw known;
  });
  const lines = text.split('\n');
  // Every whole line ends in a newline, so that the last piece is empty or torn.
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as { step: number } & Record<string, unknown>;
    } catch (cause) {
      throw new DpoError('run.bad-metrics', `${path}, line ${i + 1} is not JSON.`, {
        values: { path, line: i + 1 },
        hint: 'Mend or remove that line.',
        cause,
      });
    }
  });
}

/** Writes a run's resolved configuration to `config.json` in its folder. */
export async function writeRunConfig(folder: string, config: unknown): Promise<void> {
  const path = join(folder, 'config.json');
  await writeFileAtomic(path, (file) => writeFile(file, `${JSON.stringify(config, null, 2)}\n`));
}
