import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { emptyDataset } from '../../rows/dataset.js';
import type { RowFormat } from '../../rows/row-format.js';
import type { RowSource } from '../../rows/row-source.js';

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
