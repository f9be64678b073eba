import { checkKind, type RowFormat } from './_row-format.js';
import type { RowSource } from './_row-source.js';
import type { ColumnMapping } from './columns.js';

/** A row as a file gives it, and where. */
export interface PlacedRecord {
  readonly record: unknown;
  /** Counted from 1, in files of lines. */
  readonly line?: number | undefined;
}

/** The rows of a file that gives records one after another, checked as one goes through them. */
export function recordSource<Row>(
  format: RowFormat<Row>,
  path: string,
  mapping: ColumnMapping,
  read: () => AsyncIterable<readonly PlacedRecord[]>,
): RowSource<Row> {
  return {
    path,
    async *chunks() {
      let row = 0;
      let chat: boolean | undefined;
      for await (const records of read()) {
        const rows: Row[] = [];
        for (const { record, line } of records) {
          const place = { row: row++, path, line };
          const value = format.parse(record, place, mapping);
          chat ??= format.chat(value);
          checkKind(format, value, chat, place);
          rows.push(value);
        }
        yield rows;
      }
    },
  };
}
