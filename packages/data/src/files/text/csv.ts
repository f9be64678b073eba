import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DpoError } from '@dpo/base';
import type { Column } from '../../rows/columns.js';
import { emptyDataset } from '../../rows/dataset.js';
import { peek } from '../../rows/peek.js';
import type { RowFormat } from '../../rows/row-format.js';
import type { RowSource } from '../../rows/row-source.js';
import { checkDisguise, DISGUISE_BYTES } from '../disguise.js';
import type { PlacedRecord } from '../records.js';
import { type CsvRow, readCsvRows } from './_csv-rows.js';
import { readBytes } from './compression.js';

/**
 * The records of a CSV file (RFC 4180: commas, double quotes, a header line). Tabs or semicolons are the separators when the
 * header has them and no comma, as spreadsheets write in many countries. An empty field is an absent value; two double quotes
 * are the empty text. A row with another number of fields than the header comes with the error `data.ragged-row`.
 * @throws DpoError `data.broken-csv`, `data.invalid-text`, and the errors of `checkDisguise`
 */
export async function* readCsv(path: string, columns: readonly Column[]): AsyncGenerator<readonly PlacedRecord[]> {
  const kinds = new Map(columns.map((column) => [column.name, column]));
  const { first = Buffer.alloc(0), all, close } = await peek(readBytes(path));
  try {
    checkDisguise(first.subarray(0, DISGUISE_BYTES), path);
    yield* recordsOf(readCsvRows(all, path, separatorOf(first)), kinds, path);
  } finally {
    await close();
  }
}

async function* recordsOf(
  blocks: AsyncIterable<readonly CsvRow[]>,
  kinds: ReadonlyMap<string, Column>,
  path: string,
): AsyncGenerator<readonly PlacedRecord[]> {
  let header: readonly string[] | undefined;
  for await (const rows of blocks) {
    const records: PlacedRecord[] = [];
    for (const row of rows) {
      if (header === undefined) header = row.fields.map((name) => name ?? '');
      else records.push(recordOf(header, row, kinds, path));
    }
    yield records;
  }
}

/** The separator of the names in a header line. Names in quotes may hold any character. */
function separatorOf(start: Buffer): string {
  const text = start.toString('utf8').replace(/"(?:[^"]|"")*"/g, '');
  const header = text.split('\n', 1)[0] ?? '';
  return [',', '\t', ';'].find((separator) => header.includes(separator)) ?? ',';
}

function recordOf(
  header: readonly string[],
  row: CsvRow,
  columns: ReadonlyMap<string, Column>,
  path: string,
): PlacedRecord {
  const { fields, line } = row;
  if (fields.length !== header.length) {
    const error = new DpoError(
      'data.ragged-row',
      `${path}, line ${line}: the row has ${fields.length} fields, and the header ${header.length}.`,
      {
        values: { path, line, fields: fields.length, expected: header.length },
        hint: 'Put texts with commas, quotes or line ends in double quotes.',
      },
    );
    return { record: undefined, line, error };
  }
  const record: Record<string, unknown> = {};
  header.forEach((name, i) => {
    const column = columns.get(name);
    const text = fields[i];
    if (column === undefined) record[name] = text;
    else if (column.kind === 'number') record[name] = text === undefined ? undefined : toNumber(text);
    else if (column.kind === 'boolean') record[name] = toBoolean(text);
    else record[name] = text ?? (column.required ? '' : undefined);
  });
  return { record, line };
}

/** The number that a field spells. Any other field stays a text, which the row's check can name. */
function toNumber(text: string): number | string {
  const number = Number(text);
  return text.trim() === '' || !Number.isFinite(number) ? text : number;
}

/** The value of `true`, `false`, 1 and 0. Any other field stays a text, which the row's check can name. */
function toBoolean(text: string | undefined): boolean | string | undefined {
  const values = new Map([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ]);
  return text === undefined ? undefined : (values.get(text.toLowerCase()) ?? text);
}

/** Writes rows as CSV, with the columns that at least one row has. Returns the number of rows. @throws DpoError `data.empty-dataset` */
export async function writeCsv<Row>(format: RowFormat<Row>, source: RowSource<Row>, file: string): Promise<number> {
  const present = new Set<string>();
  let rows = 0;
  for await (const chunk of source.chunks()) {
    for (const row of chunk) for (const name of Object.keys(format.record(row))) present.add(name);
    rows += chunk.length;
  }
  if (rows === 0) throw emptyDataset(source.path);
  const names = format.columns.map(({ name }) => name).filter((name) => present.has(name));
  async function* text() {
    yield `${names.join(',')}\r\n`;
    for await (const chunk of source.chunks()) {
      yield chunk
        .map((row) => {
          const record = format.record(row);
          return `${names.map((name) => toField(record[name])).join(',')}\r\n`;
        })
        .join('');
    }
  }
  await pipeline(Readable.from(text()), createWriteStream(file));
  return rows;
}

/** The field of a value: lists and objects are JSON, as reading expects them. */
function toField(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
