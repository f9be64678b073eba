import type { PlacedRows, RowPlace } from '../rows/encode-place.js';

/** Rows that may know where they stand in files: a dataset, or a plain list. */
export type Rows<Row> = Iterable<Row> & PlacedRows;

/** A row, with what it stands in. */
export interface Drawn<Row> {
  readonly value: Row;
  readonly place: RowPlace | undefined;
}

/** The rows one after another, each with its place. Its place is asked for only where the rows know places. */
export function* drawnFrom<Row>(rows: Rows<Row>): Generator<Drawn<Row>> {
  let row = 0;
  for (const value of rows) yield { value, place: rows.placeOf?.(row++) };
}

/** Drawn rows as rows that know their places; as a plain list where one of them has none. */
export function placedRows<Row>(drawn: readonly Drawn<Row>[]): readonly Row[] & PlacedRows {
  const rows = drawn.map(({ value }) => value);
  const places = drawn.flatMap(({ place }) => place ?? []);
  if (places.length < rows.length) return rows;
  return Object.assign(rows, { placeOf: (row: number) => places[row] ?? { path: 'the data', row } });
}
