import { DpoError, isObject } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { type Shape, ShapeError } from '../shape.js';

/** The lines of a file to which lines are only ever added. */
export interface LineFile<T> {
  readonly lines: readonly T[];
  /** Whether the last line was torn, and left out. */
  readonly torn: boolean;
}

/**
 * Reads a file with a JSON object on each line. Blank lines are left out, and so is a torn last line, which a killed program leaves.
 *
 * @throws DpoError `badLine` for any other line that is not valid JSON or not of the shape, naming line and key; file errors
 */
export async function readLines<T>(path: string, shape: Shape<T>, badLine: string): Promise<LineFile<T>> {
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
  const whole = torn ? lines.slice(0, -1) : lines;
  return { lines: whole.map(({ line, number }) => readLine(line, shape, { path, line: number }, badLine)), torn };
}

/** Whether a last line is torn: not a whole JSON text. */
export function isTorn(line: string): boolean {
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
}

function readLine<T>(
  line: string,
  shape: Shape<T>,
  place: { readonly path: string; readonly line: number },
  badLine: string,
): T {
  try {
    const value: unknown = JSON.parse(line);
    if (!isObject(value)) throw new ShapeError('the line', 'a JSON object');
    return shape(value, '');
  } catch (cause) {
    const why = cause instanceof ShapeError ? cause.message : 'not valid JSON';
    const details = cause instanceof ShapeError ? { key: cause.where, expected: cause.expected } : {};
    throw new DpoError(badLine, `${place.path}, line ${place.line}: ${why}.`, {
      values: { ...place, ...details },
      hint: 'Mend or remove the line; the other lines stay as they are.',
      cause,
    });
  }
}
