import { DpoError } from '@dpo/base';
import { describePlace, type Place } from './place.js';

/** Where a row stands: the file, the row's number in the file from 0, and the line from 1 in files of lines. */
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

/**
 * The error of a row with the row's place before the message: the file and the line when the rows know them, and the row's
 * number in the file, by which scores and reports name the row.
 */
export function placedError(error: DpoError, rows: PlacedRows): DpoError {
  const { code, message, values, hint } = error;
  const number = values.row as number;
  const place: Place = rows.placeOf?.(number) ?? { row: number };
  const { path, line, row } = place;
  return new DpoError(code, `${describePlace(place)}${line === undefined ? '' : `: row ${row}`}: ${message}`, {
    values: { ...values, ...(path === undefined ? {} : { path }), ...(line === undefined ? {} : { line }) },
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
