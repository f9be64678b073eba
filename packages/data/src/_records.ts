import { DpoError } from '@dpo/base';
import { checkKind, type RowFormat } from './_row-format.js';
import type { RowSource } from './_row-source.js';
import type { ColumnMapping } from './columns.js';
import { expandRecord } from './shapes/expand.js';

/** A row as a file gives it, and where. */
export interface PlacedRecord {
  readonly record: unknown;
  /** Counted from 1, in files of lines. */
  readonly line?: number | undefined;
  /** Why there is no record. */
  readonly error?: DpoError | undefined;
}

/** Is told of each row that cannot be used, which is then left out. */
export type OnError = (error: DpoError) => void;

/**
 * The rows of a file that gives records one after another, checked as one goes through them. Known shapes of pairs are
 * recognised unless columns are mapped. Without `onError` the first row that cannot be used is thrown; with it all are told
 * once, and `data.all-skipped` is thrown where no row is left.
 */
export function recordSource<Row>(
  format: RowFormat<Row>,
  path: string,
  mapping: ColumnMapping,
  read: () => AsyncIterable<readonly PlacedRecord[]>,
  onError?: OnError,
): RowSource<Row> {
  const expand = format.name === 'preference' && Object.keys(mapping).length === 0;
  const told = new Set<number>();
  return {
    path,
    async *chunks() {
      let row = 0;
      let index = 0;
      let chat: boolean | undefined;
      let first: DpoError | undefined;
      const parse = ({ record, line, error }: PlacedRecord): Row[] => {
        if (error !== undefined) throw error;
        const given = expand ? expandRecord(record, { row, path, line }) : [record];
        return given.map((one, i) => {
          const place = { row: row + i, path, line };
          const value = format.parse(one, place, mapping);
          checkKind(format, value, chat ?? format.chat(value), place);
          return value;
        });
      };
      for await (const records of read()) {
        const rows: Row[] = [];
        for (const placed of records) {
          index++;
          try {
            const parsed = parse(placed);
            chat ??= parsed[0] === undefined ? undefined : format.chat(parsed[0]);
            rows.push(...parsed);
            row += parsed.length;
          } catch (error) {
            if (onError === undefined || !DpoError.is(error)) throw error;
            first ??= error;
            // Rows are counted as the file has them.
            row++;
            if (!told.has(index)) onError(error);
            told.add(index);
          }
        }
        yield rows;
      }
      if (first !== undefined && told.size === index) throw allSkipped(path, index, first);
    },
  };
}

function allSkipped(path: string, rows: number, first: DpoError): DpoError {
  return new DpoError(
    'data.all-skipped',
    `${path}: none of its ${rows} rows can be used. The first: ${first.message}`,
    {
      values: { path, rows, code: first.code },
      ...(first.hint === undefined ? {} : { hint: first.hint }),
      cause: first,
    },
  );
}
