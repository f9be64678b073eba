import { DpoError, isObject } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { type Shape, ShapeError } from '../shape.js';

/** What a file holds to which lines are only ever added. */
export interface LineFile<T> {
  readonly lines: readonly T[];
  /** Whether the last line was cut while it was written; it is left out. */
  readonly torn: boolean;
}

/**
 * Reads a file with a JSON object to a line; blank lines are passed over. A last line that is no whole JSON is what a killed
 * program leaves: reading goes on without it and says so.
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
  const read = (line: string, number: number) => readLine(line, shape, { path, line: number }, badLine);
  return { lines: (torn ? lines.slice(0, -1) : lines).map(({ line, number }) => read(line, number)), torn };
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
    const why = cause instanceof ShapeError ? `${cause.message}` : 'not valid JSON';
    const details = cause instanceof ShapeError ? { key: cause.where, expected: cause.expected } : {};
    throw new DpoError(badLine, `${place.path}, line ${place.line}: ${why}.`, {
      values: { ...place, ...details },
      hint: 'Mend or remove the line; the other lines stay as they are.',
      cause,
    });
  }
}
