import type { PlacedRows, RowPlace } from '../rows/encode-place.js';

/** Rows that may know where they stand in files: a dataset, or a plain list. */
export type Rows<Row> = Iterable<Row> & PlacedRows;

/** A row with its place; undefined when the rows know no places. */
export interface RowWithPlace<Row> {
  readonly value: Row;
  readonly place: RowPlace | undefined;
}

/** The rows one after another, each with its place. */
export function* rowsWithPlaces<Row>(rows: Rows<Row>): Generator<RowWithPlace<Row>> {
  let row = 0;
  for (const value of rows) yield { value, place: rows.placeOf?.(row++) };
}

/** Rows with places as a list that knows the places; a plain list when a row has no place. */
export function placedRows<Row>(list: readonly RowWithPlace<Row>[]): readonly Row[] & PlacedRows {
  const rows = list.map(({ value }) => value);
  const places = list.flatMap(({ place }) => place ?? []);
  if (places.length < rows.length) return rows;
  return Object.assign(rows, { placeOf: (row: number) => places[row] ?? { path: 'the data', row } });
}
