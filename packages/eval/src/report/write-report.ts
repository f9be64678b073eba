import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, readTextFile, writeFileAtomic } from '@dpo/base/files';
import { readEvaluation } from '../evaluation-file.js';
import type { MetricsRecord, ReportData } from './data.js';
import { renderReport } from './render.js';

/** Reads what a run folder holds for its report: `config.json`, `metrics.jsonl` and, where it is there, `evaluation.json`. */
export async function reportData(folder: string): Promise<ReportData> {
  const config = await readIfThere(join(folder, 'config.json'));
  const metrics = await readIfThere(join(folder, 'metrics.jsonl'));
  const evaluation = await readEvaluation(folder);
  if (config === undefined && metrics === undefined && evaluation === undefined)
    throw new DpoError(
      'eval.no-run',
      `${folder} is not a run folder: it has no config.json, metrics.jsonl or evaluation.json.`,
      {
        values: { folder },
      },
    );
  return {
    title: `Run ${basename(resolve(folder))}`,
    records: records(metrics ?? '', join(folder, 'metrics.jsonl')),
    evaluation,
    config: config === undefined ? undefined : parseConfig(config, join(folder, 'config.json')),
  };
}

/** Writes `report.html` of a run folder from what the folder holds, and returns its path. */
export async function writeReport(folder: string): Promise<string> {
  const path = join(folder, 'report.html');
  const page = renderReport(await reportData(folder));
  await writeFileAtomic(path, (file) => writeFile(file, page));
  return path;
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readTextFile(path).catch((error: unknown) => {
    const known = asFileError(error, path);
    if (DpoError.is(known, 'file.not-found')) return undefined;
    throw known;
  });
}

function parseConfig(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new DpoError('eval.bad-file', `${path} is not valid JSON.`, { values: { path }, cause });
  }
  throw new DpoError('eval.bad-file', `${path} is not a JSON object.`, { values: { path } });
}

function records(text: string, path: string): MetricsRecord[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.flatMap((line, i) => {
    const bad = (what: string, cause?: unknown) =>
      new DpoError('eval.bad-file', `${path}, line ${i + 1} ${what}.`, { values: { path, line: i + 1 }, cause });
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      // A run that is being written may end in half a line.
      if (i === lines.length - 1) return [];
      throw bad('is not valid JSON', cause);
    }
    if (typeof value === 'object' && value !== null && 'step' in value && typeof value.step === 'number')
      return [value as MetricsRecord];
    throw bad('has no step');
  });
}
