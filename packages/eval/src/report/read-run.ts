import { basename, join, resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { readTextIfThere } from '@dpo/base/files';
import { readEvaluation } from '../evaluation-file.js';
import { between, record, ShapeError, text, unknownOr } from '../shape.js';
import type { MetricsRecord, ReportData, RunWarning } from './data.js';
import { readWinRate } from './read-win-rate.js';

/**
 * Reads the files of a run folder for its report: `config.json`, `metrics.jsonl`, `warnings.jsonl`, `evaluation.json`, and
 * `verdicts.jsonl` with the answers and votes beside it. Any of them may be missing.
 *
 * @throws DpoError `eval.no-run` when all are missing; `eval.bad-file` naming file and line; the errors of {@link readWinRate}
 */
export async function reportData(folder: string): Promise<ReportData> {
  const config = await readTextIfThere(join(folder, 'config.json'));
  const metrics = await readTextIfThere(join(folder, 'metrics.jsonl'));
  const warnings = await readTextIfThere(join(folder, 'warnings.jsonl'));
  const evaluation = await readEvaluation(folder);
  const winRate = await readWinRate(folder);
  if (config === undefined && metrics === undefined && evaluation === undefined && winRate === undefined)
    throw new DpoError(
      'eval.no-run',
      `${folder} is not a run folder: it has no config.json, metrics.jsonl, evaluation.json or verdicts.jsonl.`,
      { values: { folder } },
    );
  return {
    title: `Run ${basename(resolve(folder))}`,
    records: linesOf(metrics ?? '', join(folder, 'metrics.jsonl'), asRecord),
    evaluation,
    winRate,
    warnings:
      warnings === undefined && metrics === undefined
        ? undefined
        : linesOf(warnings ?? '', join(folder, 'warnings.jsonl'), (value) => warningShape(value, '')),
    config: config === undefined ? undefined : parseConfig(config, join(folder, 'config.json')),
  };
}

function parseConfig(content: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new DpoError('eval.bad-file', `${path} is not valid JSON.`, { values: { path }, cause });
  }
  throw new DpoError('eval.bad-file', `${path} is not a JSON object.`, { values: { path } });
}

const warningShape = record<RunWarning>({
  code: text,
  message: text,
  step: unknownOr(between(0, Number.MAX_VALUE)),
  hint: unknownOr(text),
});

function asRecord(value: unknown): MetricsRecord {
  if (typeof value === 'object' && value !== null && 'step' in value && typeof value.step === 'number')
    return value as MetricsRecord;
  throw new ShapeError('step', 'a number');
}

/** The lines of a JSONL file. A torn last line, of a run that is still being written, is left out. */
function linesOf<T>(content: string, path: string, parse: (value: unknown) => T): T[] {
  const lines = content.split('\n').filter((line) => line !== '');
  return lines.flatMap((line, i) => {
    const bad = (what: string, cause: unknown) =>
      new DpoError('eval.bad-file', `${path}, line ${i + 1} ${what}.`, { values: { path, line: i + 1 }, cause });
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      if (i === lines.length - 1) return [];
      throw bad('is not valid JSON', cause);
    }
    try {
      return [parse(value)];
    } catch (cause) {
      throw bad(cause instanceof ShapeError && cause.where === 'step' ? 'has no step' : 'is no warning', cause);
    }
  });
}
