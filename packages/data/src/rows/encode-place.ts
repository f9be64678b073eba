import { DpoError } from '@dpo/base';
import { describePlace } from './place.js';

/** Where a row stands: its file, its number there from 0, and its line from 1 in files of lines. */
export interface RowPlace {
  readonly path: string;
  readonly row: number;
  readonly line?: number | undefined;
}

/** Rows that know where they stand in files. */
export interface PlacedRows {
  /** Where the row with this number stands. */
  placeOf?(row: number): RowPlace;
}

/** Calls what looks at rows; an error that names a row by its number gets the file, and the line where the file has lines. */
export function atPlaces<T>(rows: PlacedRows, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw DpoError.is(error) ? placedError(error, rows) : error;
  }
}

/** The error with its row's place before the message, and in its values. */
export function placedError(error: DpoError, rows: PlacedRows): DpoError {
  const { code, message, values, hint } = error;
  const place = typeof values.row === 'number' ? rows.placeOf?.(values.row) : undefined;
  if (place === undefined) return error;
  const { path, line } = place;
  return new DpoError(code, `${line === undefined ? path : describePlace(place)}: ${message}`, {
    values: { ...values, path, ...(line === undefined ? {} : { line }) },
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
