import { cellReader } from '../../rows/arrow-columns.js';
import type { PlacedRecord } from '../records.js';
import { asBroken, type Block } from './blocks.js';

/** The number of rows that are objects at a time. */
const ROWS = 1000;

/**
 * The rows of record batches as plain objects with the values of `columns`. Other columns are keys with the value undefined, so
 * that errors about a row's keys name all of them.
 * @throws DpoError `data.broken-file`
 */
export async function* arrowRecords(
  blocks: readonly Block[],
  columns: ReadonlySet<string>,
  path: string,
): AsyncGenerator<readonly PlacedRecord[]> {
  for (const block of blocks) {
    let records: PlacedRecord[] = [];
    try {
      const batch = block.load();
      const readers = batch.schema.fields.flatMap((field, i) => {
        const data = columns.has(field.name) ? batch.data.children[i] : undefined;
        return data === undefined ? [] : [[field.name, cellReader(data, field)] as const];
      });
      const otherColumns = batch.schema.fields.flatMap(({ name }) => (columns.has(name) ? [] : [name]));
      for (let row = 0; row < block.rows; row++) {
        const record: Record<string, unknown> = {};
        for (const [name, readCell] of readers) {
          // An empty cell is null, not undefined: a column of context changes how rows are read even when its cells are empty.
          record[name] = readCell(row) ?? null;
        }
        for (const name of otherColumns) record[name] = undefined;
        records.push({ record });
        if (records.length < ROWS) continue;
        yield records;
        records = [];
      }
    } catch (error) {
      throw asBroken(error, path);
    }
    yield records;
  }
}
