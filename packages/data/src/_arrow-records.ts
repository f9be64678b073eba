import { asBroken, type Block } from './_arrow-blocks.js';
import { cellReader } from './_arrow-columns.js';
import type { PlacedRecord } from './_records.js';

/** The rows of record batches as plain objects, those of these columns that are there; null is left out. */
export async function* arrowRecords(
  blocks: readonly Block[],
  columns: ReadonlySet<string>,
  path: string,
): AsyncGenerator<readonly PlacedRecord[]> {
  for (const block of blocks) {
    const records: PlacedRecord[] = [];
    try {
      const batch = block.load();
      const readers = batch.schema.fields.flatMap(({ name }, i) => {
        const data = columns.has(name) ? batch.data.children[i] : undefined;
        return data === undefined ? [] : [[name, cellReader(data)] as const];
      });
      for (let row = 0; row < block.rows; row++) {
        const record: Record<string, unknown> = {};
        for (const [name, read] of readers) {
          const value = read(row);
          if (value !== undefined && value !== null) record[name] = value;
        }
        records.push({ record });
      }
    } catch (error) {
      throw asBroken(error, path);
    }
    yield records;
  }
}
