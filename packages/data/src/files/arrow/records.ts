import { cellReader } from '../../rows/arrow-columns.js';
import type { PlacedRecord } from '../records.js';
import { asBroken, type Block } from './blocks.js';

/** Rows that are objects at a time. */
const ROWS = 1000;

/**
 * The rows of record batches as plain objects. A column other than these is there by its name alone, as undefined: what is said
 * of a row's keys names all of them.
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
      const unread = batch.schema.fields.flatMap(({ name }) => (columns.has(name) ? [] : [name]));
      for (let row = 0; row < block.rows; row++) {
        const record: Record<string, unknown> = {};
        for (const [name, read] of readers) {
          // A column that is there says something even where it holds nothing.
          record[name] = read(row) ?? null;
        }
        for (const name of unread) record[name] = undefined;
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
