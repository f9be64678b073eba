import { DpoError } from '@dpo/base';
import type { ColumnMapping } from '../rows/columns.js';
import { contextColumns } from '../rows/context-columns.js';
import { Notes, type ReadNotes } from '../rows/notes.js';
import { checkKind, type RowFormat } from '../rows/row-format.js';
import type { RowSource } from '../rows/row-source.js';
import { Expander, type Expansion } from '../shapes/expand.js';

/** A record of a file, with its line; or the error in place of the record. */
export interface PlacedRecord {
  readonly record: unknown;
  /** The line, counted from 1, in files of lines. */
  readonly line?: number | undefined;
  /** The reason why the record is missing. */
  readonly error?: DpoError | undefined;
}

/** A row changes how the rows before it are read, so that reading begins again. */
class BeginAgain extends Error {
  constructor() {
    super('a row changes how the rows before it are read');
  }
}

/** Runs `use` on a source's rows, and runs it again when a later row changes how all rows are read. */
export async function fromTheStart<Result>(use: () => Promise<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof BeginAgain) return use();
    throw error;
  }
}

/** The options of {@link recordSource}. */
export interface RecordOptions {
  /** Called once with the error of each row that cannot be used; the row is skipped. */
  readonly onError?: ((error: DpoError) => void) | undefined;
  /** Called once with the notes of all rows, after the last row. */
  readonly onNotes?: ((notes: ReadNotes) => void) | undefined;
}

/**
 * The rows of a file of records, checked while they are read. Published shapes are recognised unless columns are mapped.
 * @throws DpoError while rows are read: without `onError`, the error of the first row that cannot be used; with `onError`,
 * `data.all-skipped` when no row is left
 */
export function recordSource<Row>(
  format: RowFormat<Row>,
  path: string,
  mapping: ColumnMapping,
  readRecords: () => AsyncIterable<readonly PlacedRecord[]>,
  { onError, onNotes }: RecordOptions = {},
): RowSource<Row> {
  const isMapped = Object.keys(mapping).length > 0;
  const columnNames = new Set([...contextColumns, ...format.columns.map(({ name }) => mapping[name] ?? name)]);
  // Each pass has the rows in the same order: errors before this index were reported in an earlier pass.
  let reportedEnd = 0;
  let hasReportedNotes = false;
  // A column of context makes conversations of all rows, although a file of lines may have the column in some rows only.
  let isConversation = false;
  let lines: (number | undefined)[] = [];
  let numbers: number[] = [];
  let row = 0;
  return {
    path,
    lineOf: (row) => lines[row],
    numberOf: (index) => numbers[index] ?? row,
    async *chunks() {
      lines = [];
      numbers = [];
      row = 0;
      let index = 0;
      let failures = 0;
      let chat: boolean | undefined;
      let firstError: DpoError | undefined;
      const notes = new Notes();
      const expander = new Expander(format.name);
      const parse = ({ record, line, error }: PlacedRecord): Row[] => {
        if (error !== undefined) throw error;
        notes.next();
        const firstPlace = { row, path, line, notes };
        if (!isConversation && hasContext(record)) {
          isConversation = true;
          if (chat === false) throw new BeginAgain();
        }
        const full = isConversation ? withContextColumn(record) : record;
        const { records, aside } = isMapped ? mappedRecord(full, columnNames) : expander.expand(full, firstPlace);
        for (const key of aside) notes.aside(key);
        return records.map((each, i) => {
          const place = { ...firstPlace, row: row + i };
          const value = format.parse(each, place, mapping);
          checkKind(format, value, chat ?? format.chat(value), place);
          return value;
        });
      };
      for await (const records of readRecords()) {
        const rows: Row[] = [];
        for (const record of records) {
          index++;
          try {
            const ownRows = parse(record);
            chat ??= ownRows[0] === undefined ? undefined : format.chat(ownRows[0]);
            rows.push(...ownRows);
            for (let i = 0; i < ownRows.length; i++) {
              lines.push(record.line);
              numbers.push(row++);
            }
          } catch (error) {
            if (onError === undefined || !DpoError.is(error)) throw error;
            firstError ??= error;
            // A skipped row has a number too: the number that it has in the file.
            row++;
            failures++;
            if (index > reportedEnd) onError(error);
            reportedEnd = Math.max(reportedEnd, index);
          }
        }
        yield rows;
      }
      if (firstError !== undefined && failures === index) throw allSkipped(path, index, firstError);
      notes.next();
      expander.end();
      // The rows may be read again, but the notes are reported once.
      if (!hasReportedNotes) onNotes?.(notes.of(path));
      hasReportedNotes = true;
    },
  };
}

function hasContext(record: unknown): boolean {
  return typeof record === 'object' && record !== null && contextColumns.some((name) => name in record);
}

/** The row with an empty column of context, unless it has one already. */
function withContextColumn(record: unknown): unknown {
  if (hasContext(record) || typeof record !== 'object' || record === null || Array.isArray(record)) return record;
  return { ...record, [contextColumns[0]]: null };
}

/** The row of a file whose columns are mapped. Its keys outside the mapping are ignored. */
function mappedRecord(record: unknown, columnNames: ReadonlySet<string>): Expansion {
  const keys = typeof record === 'object' && record !== null ? Object.entries(record) : [];
  const aside = keys.flatMap(([key, value]) =>
    columnNames.has(key) || value === null || value === undefined ? [] : [key],
  );
  return { records: [record], aside };
}

function allSkipped(path: string, rows: number, firstError: DpoError): DpoError {
  return new DpoError(
    'data.all-skipped',
    `${path}: none of its ${rows} rows can be used. The first: ${firstError.message}`,
    {
      values: { path, rows, code: firstError.code },
      ...(firstError.hint === undefined ? {} : { hint: firstError.hint }),
      cause: firstError,
    },
  );
}
