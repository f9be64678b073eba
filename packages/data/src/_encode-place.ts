import { DpoError } from '@dpo/base';

/** Rows that know where they stand in a file. */
export interface PlacedRows {
  /** The file that the rows were read from. */
  readonly path?: string | undefined;
  /** The line of the file that a row was read from, counted from 1, in files of lines. */
  lineOf?(row: number): number | undefined;
}

/** Encodes rows; an error that names a row by its number gets the file, and the line where the file has lines. */
export function atPlaces<T>(rows: PlacedRows, encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (!DpoError.is(error)) throw error;
    const { code, message, values, hint } = error;
    const { row } = values;
    if (typeof row !== 'number' || rows.path === undefined) throw error;
    const line = rows.lineOf?.(row);
    const place = line === undefined ? rows.path : `${rows.path}, line ${line}`;
    throw new DpoError(code, `${place}: ${message}`, {
      values: { ...values, path: rows.path, ...(line === undefined ? {} : { line }) },
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}
