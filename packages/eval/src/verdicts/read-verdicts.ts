import { DpoError, isObject } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { ShapeError } from '../shape.js';
import { type StoredVerdict, verdictShape } from './stored-verdict.js';

/** What a file of verdicts holds. */
export interface VerdictFile {
  readonly verdicts: readonly StoredVerdict[];
  /** Whether the last line was cut while it was written; it is left out. */
  readonly torn: boolean;
}

/**
 * Reads `verdicts.jsonl`, a verdict to a line; blank lines are passed over. A last line that is no whole JSON is what a killed
 * program leaves: reading goes on without it and says so.
 *
 * @throws DpoError `verdicts.bad-line` for any other line that is not valid JSON or no verdict, naming line and key;
 *   `verdicts.empty` where no verdict is left; file errors
 */
export async function readVerdicts(path: string): Promise<VerdictFile> {
  const content = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const lines = content
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line, i) => ({ line, number: i + 1 }))
    .filter(({ line }) => line.trim() !== '');
  const last = lines.at(-1);
  const torn = last !== undefined && isTorn(last.line);
  const verdicts = (torn ? lines.slice(0, -1) : lines).map(({ line, number }) => readLine(line, number, path));
  if (verdicts.length === 0)
    throw new DpoError('verdicts.empty', `${path} holds no verdict.`, {
      values: { path, torn },
      hint: 'A file of verdicts has a JSON object to a line, with prompt_id, first and verdict.',
    });
  return { verdicts, torn };
}

/** Whether a line is the beginning of a JSON text and not all of it. */
export function isTorn(line: string): boolean {
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
}

function readLine(line: string, number: number, path: string): StoredVerdict {
  try {
    const value: unknown = JSON.parse(line);
    if (!isObject(value)) throw new ShapeError('the line', 'a JSON object');
    return verdictShape(value, '');
  } catch (cause) {
    const why = cause instanceof ShapeError ? `${cause.message}` : 'not valid JSON';
    const details = cause instanceof ShapeError ? { key: cause.where, expected: cause.expected } : {};
    throw new DpoError('verdicts.bad-line', `${path}, line ${number}: ${why}.`, {
      values: { path, line: number, ...details },
      hint: 'Mend or remove the line; the other lines stay as they are.',
      cause,
    });
  }
}
