import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { emptyDataset } from '../../rows/dataset.js';
import type { RowFormat } from '../../rows/row-format.js';
import type { RowSource } from '../../rows/row-source.js';

/** Writes rows as JSON lines, compressed by gzip when `zipped`. Returns the number of rows. @throws DpoError `data.empty-dataset` */
export async function writeJsonl<Row>(
  format: RowFormat<Row>,
  source: RowSource<Row>,
  file: string,
  zipped: boolean,
): Promise<number> {
  let rows = 0;
  async function* text() {
    for await (const chunk of source.chunks()) {
      rows += chunk.length;
      yield chunk.map((row) => `${JSON.stringify(format.record(row))}\n`).join('');
    }
  }
  const lines = Readable.from(text());
  const out = createWriteStream(file);
  await (zipped ? pipeline(lines, createGzip(), out) : pipeline(lines, out));
  if (rows === 0) throw emptyDataset(source.path);
  return rows;
}
