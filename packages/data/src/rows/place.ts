import { DpoError } from '@dpo/base';
import type { RowNotes } from './notes.js';

/** Where a row stands, for error messages, and who takes notes of it. */
export interface Place {
  /** The row's number, counted from 0. */
  readonly row: number;
  readonly path?: string | undefined;
  /** The row's line, counted from 1, in files of lines. */
  readonly line?: number | undefined;
  /** Takes notes of what is put right in the row. */
  readonly notes?: RowNotes | undefined;
}

/** `pairs.jsonl, line 3` or `pairs.arrow, row 2` or `row 2`. */
export function describePlace(place: Place): string {
  const within = place.line === undefined ? `row ${place.row}` : `line ${place.line}`;
  return place.path === undefined ? within : `${place.path}, ${within}`;
}

/** A {@link DpoError} about one row; its message begins with the place. */
export function rowError(
  code: string,
  place: Place,
  what: string,
  values: Readonly<Record<string, unknown>>,
  hint?: string,
): DpoError {
  const { row, path, line } = place;
  return new DpoError(code, `${describePlace(place)}: ${what}`, {
    values: { row, ...(path === undefined ? {} : { path }), ...(line === undefined ? {} : { line }), ...values },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The kind of a value, in words for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return `a ${typeof value}`;
}
