import { DpoError } from '@dpo/base';
import type { Column } from '../../rows/columns.js';
import { peek } from '../../rows/peek.js';
import { checkDisguise, DISGUISE_BYTES } from '../disguise.js';
import type { PlacedRecord } from '../records.js';
import { type CsvRow, readCsvRows } from './_csv-rows.js';

/**
 * The records of a CSV file (RFC 4180: commas, double quotes, a header line). Tabs or semicolons are the separators when the
 * header has them and no comma, as spreadsheets write in many countries. An empty field is an absent value; two double quotes
 * are the empty text. A row with another number of fields than the header comes with the error `data.ragged-row`.
 *
 * @param bytes the file's bytes, unpacked
 * @param path the file, for messages
 * @throws DpoError `data.broken-csv`, `data.invalid-text`, and the errors of `checkDisguise`
 */
export async function* readCsv(
  bytes: AsyncGenerator<Uint8Array, undefined>,
  path: string,
  columns: readonly Column[],
): AsyncGenerator<readonly PlacedRecord[]> {
  const kinds = new Map(columns.map((column) => [column.name, column]));
  const { first = new Uint8Array(0), all, close } = await peek(bytes);
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
function separatorOf(start: Uint8Array): string {
  const text = new TextDecoder().decode(start).replace(/"(?:[^"]|"")*"/g, '');
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
