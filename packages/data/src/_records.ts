import { checkKind, type RowFormat } from './_row-format.js';
import type { RowSource } from './_row-source.js';
import type { ColumnMapping } from './columns.js';
import { expandRecord } from './shapes/expand.js';

/** A row as a file gives it, and where. */
export interface PlacedRecord {
  readonly record: unknown;
  /** Counted from 1, in files of lines. */
  readonly line?: number | undefined;
}

/**
 * The rows of a file that gives records one after another, checked as one goes through them. Known shapes of pairs are
 * recognised unless columns are mapped.
 */
export function recordSource<Row>(
  format: RowFormat<Row>,
  path: string,
  mapping: ColumnMapping,
  read: () => AsyncIterable<readonly PlacedRecord[]>,
): RowSource<Row> {
  return {
    path,
    async *chunks() {
      const expand = format.name === 'preference' && Object.keys(mapping).length === 0;
      let row = 0;
      let chat: boolean | undefined;
      for await (const records of read()) {
        const rows: Row[] = [];
        for (const { record, line } of records) {
          const given = expand ? expandRecord(record, { row, path, line }) : [record];
          for (const one of given) {
            const place = { row: row++, path, line };
            const value = format.parse(one, place, mapping);
            chat ??= format.chat(value);
            checkKind(format, value, chat, place);
            rows.push(value);
          }
        }
        yield rows;
      }
    },
  };
}
