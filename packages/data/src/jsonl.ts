import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { DpoError } from '@dpo/base';
import { boundedJson, TooDeep } from './_bounded-json.js';
import { locateJsonError } from './_json-error.js';
import { type Line, readLines } from './_lines.js';
import type { PlacedRecord } from './_records.js';
import type { RowFormat } from './_row-format.js';
import type { RowSource } from './_row-source.js';
import { emptyDataset } from './dataset.js';

/**
 * The records of a JSONL file (one JSON object a line; `.gz` is unpacked), read line by line. A line that is no JSON comes
 * with its error `data.broken-json`, which names file, line, column and what was expected there.
 */
export async function* readJsonl(path: string): AsyncGenerator<readonly PlacedRecord[]> {
  for await (const lines of readLines(path)) yield lines.map((line) => parseLine(line, path));
}

function parseLine(line: Line, path: string): PlacedRecord {
  try {
    return { record: boundedJson(line.text), line: line.number };
  } catch (cause) {
    const found = cause instanceof TooDeep ? undefined : locateJsonError(line.text);
    const column = (found?.offset ?? 0) + 1;
    const unplaced = cause instanceof TooDeep ? cause.message : 'not valid JSON';
    const what = found === undefined ? unplaced : `expected ${found.expected}, found ${found.found}`;
    const error = new DpoError('data.broken-json', `${path}, line ${line.number}, column ${column}: ${what}.`, {
      values: { path, line: line.number, column, expected: found?.expected, found: found?.found },
      hint: 'Every line must be one whole JSON object.',
      cause,
    });
    return { record: undefined, line: line.number, error };
  }
}

/** Writes rows as JSONL, packed where the place ends in `.gz`. */
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
