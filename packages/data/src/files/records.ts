import { DpoError } from '@dpo/base';
import type { ColumnMapping } from '../rows/columns.js';
import { contextColumns } from '../rows/context-columns.js';
import { Notes, type ReadNotes } from '../rows/notes.js';
import { checkKind, type RowFormat } from '../rows/row-format.js';
import type { RowSource } from '../rows/row-source.js';
import { type Expanded, Expander } from '../shapes/expand.js';

/** A row as a file gives it, and where. */
export interface PlacedRecord {
  readonly record: unknown;
  /** Counted from 1, in files of lines. */
  readonly line?: number | undefined;
  /** Why there is no record. */
  readonly error?: DpoError | undefined;
}

/** The rows have to be gone through again, since a later row says how the earlier ones are to be read. */
class BeginAgain extends Error {
  constructor() {
    super('a row says how the rows before it are to be read');
  }
}

/** Does something with a source's rows, from the start again where a later row says how all of them are to be read. */
export async function fromTheStart<Result>(use: () => Promise<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof BeginAgain) return use();
    throw error;
  }
}

/** What going through records is told besides. */
export interface RecordOptions {
  readonly onError?: OnError | undefined;
  /** Is told once, when all rows were gone through, what there is to say of them. */
  readonly onNotes?: ((notes: ReadNotes) => void) | undefined;
}

/** Is told of each row that cannot be used, which is then left out. */
type OnError = (error: DpoError) => void;

/**
 * The rows of a file that gives records one after another, checked as one goes through them. Known shapes are
 * recognised unless columns are mapped. Without `onError` the first row that cannot be used is thrown; with it all are told
 * once, and `data.all-skipped` is thrown where no row is left.
 */
export function recordSource<Row>(
  format: RowFormat<Row>,
  path: string,
  mapping: ColumnMapping,
  read: () => AsyncIterable<readonly PlacedRecord[]>,
  { onError, onNotes }: RecordOptions = {},
): RowSource<Row> {
  const mapped = Object.keys(mapping).length > 0;
  const known = new Set([...contextColumns, ...format.columns.map(({ name }) => mapping[name] ?? name)]);
  // Rows come in the same order each time: the errors of rows up to this index were reported.
  let reported = 0;
  let noted = false;
  // Columns that stand before a prompt make conversations of all rows: files of lines have them in some rows only.
  let context = false;
  let lines: (number | undefined)[] = [];
  let numbers: number[] = [];
  let row = 0;
  return {
    path,
    lineOf: (row) => lines[row],
    numberOf: (asked) => numbers[asked] ?? row,
    async *chunks() {
      lines = [];
      numbers = [];
      row = 0;
      let index = 0;
      let failed = 0;
      let chat: boolean | undefined;
      let first: DpoError | undefined;
      const notes = new Notes();
      const expander = new Expander(format.name);
      const parse = ({ record, line, error }: PlacedRecord): Row[] => {
        if (error !== undefined) throw error;
        notes.next();
        const here = { row, path, line, notes };
        if (!context && hasContext(record)) {
          context = true;
          if (chat === false) throw new BeginAgain();
        }
        const full = context ? withContextColumn(record) : record;
        const { records, aside } = mapped ? named(full, known) : expander.expand(full, here);
        for (const key of aside) notes.aside(key);
        return records.map((one, i) => {
          const place = { ...here, row: row + i };
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
            for (let i = 0; i < parsed.length; i++) {
              lines.push(placed.line);
              numbers.push(row++);
            }
          } catch (error) {
            if (onError === undefined || !DpoError.is(error)) throw error;
            first ??= error;
            // Rows are counted as the file has them.
            row++;
            failed++;
            if (index > reported) onError(error);
            reported = Math.max(reported, index);
          }
        }
        yield rows;
      }
      if (first !== undefined && failed === index) throw allSkipped(path, index, first);
      notes.next();
      expander.end();
      // The rows may be gone through again: what there is to say is said once.
      if (!noted) onNotes?.(notes.of(path));
      noted = true;
    },
  };
}

function hasContext(record: unknown): boolean {
  return typeof record === 'object' && record !== null && contextColumns.some((name) => name in record);
}

/** The row as one that has such a column and says nothing in it. */
function withContextColumn(record: unknown): unknown {
  if (hasContext(record) || typeof record !== 'object' || record === null || Array.isArray(record)) return record;
  return { ...record, [contextColumns[0]]: null };
}

/** A row whose columns somebody has named: it is of no other shape. */
function named(record: unknown, known: ReadonlySet<string>): Expanded {
  const keys = typeof record === 'object' && record !== null ? Object.entries(record) : [];
  const aside = keys.flatMap(([key, value]) => (known.has(key) || value === null || value === undefined ? [] : [key]));
  return { records: [record], aside };
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
