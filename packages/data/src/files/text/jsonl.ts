import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { DpoError } from '@dpo/base';
import { boundedJson, TooDeep } from '../../rows/bounded-json.js';
import { emptyDataset } from '../../rows/dataset.js';
import { peek } from '../../rows/peek.js';
import type { RowFormat } from '../../rows/row-format.js';
import type { RowSource } from '../../rows/row-source.js';
import { checkDisguise, DISGUISE_BYTES } from '../disguise.js';
import type { PlacedRecord } from '../records.js';
import { locateJsonError } from './_json-error.js';
import { type Line, readLines } from './_lines.js';
import { readBytes } from './compression.js';
import { readJsonValues } from './json-values.js';

/**
 * The records of a JSON file: one object to a line, one array of objects, or objects one after another that go over several
 * lines. The beginning of the file shows which form it has. A record that is not JSON comes with the error `data.broken-json`,
 * which names file, line, column and what was expected.
 *
 * @throws DpoError the errors of {@link readLines}, {@link readJsonValues} and {@link checkDisguise}
 */
export async function* readJsonl(path: string): AsyncGenerator<readonly PlacedRecord[]> {
  const { first = Buffer.alloc(0), all, close } = await peek(readBytes(path));
  try {
    checkDisguise(first.subarray(0, DISGUISE_BYTES), path);
    const records = goesOverLines(first) ? readJsonValues(withoutMark(all), path) : readLines(all, path);
    for await (const lines of records) yield lines.map((line) => parseLine(line, path));
  } finally {
    await close();
  }
}

/** True for an array, and for a file whose first object does not end on its first line. */
function goesOverLines(start: Buffer): boolean {
  const text = start
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (text.startsWith('[')) return true;
  const line = (text.split('\n', 1)[0] ?? '').trimEnd();
  return line.startsWith('{') && /[{[,]$/.test(line) && !isJson(line.replace(/,$/, ''));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of chunks) {
    const hasMark = first && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    first = false;
    yield hasMark ? chunk.subarray(3) : chunk;
  }
}

function parseLine(line: Line, path: string): PlacedRecord {
  try {
    return { record: boundedJson(line.text), line: line.number };
  } catch (cause) {
    const fault = cause instanceof TooDeep ? undefined : locateJsonError(line.text);
    const linesBefore = line.text.slice(0, fault?.offset ?? 0).split('\n');
    const number = line.number + linesBefore.length - 1;
    const column = (linesBefore.at(-1)?.length ?? 0) + 1;
    const general = cause instanceof TooDeep ? cause.message : 'not valid JSON';
    const what = fault === undefined ? general : `expected ${fault.expected}, found ${fault.actual}`;
    const error = new DpoError('data.broken-json', `${path}, line ${number}, column ${column}: ${what}.`, {
      values: { path, line: number, column, expected: fault?.expected, found: fault?.actual },
      hint: hintFor(line.text.slice(fault?.offset ?? 0)),
      cause,
    });
    return { record: undefined, line: line.number, error };
  }
}

/** The hint for the text at which JSON breaks off. */
function hintFor(rest: string): string {
  const word = /^-?(NaN|Infinity|None|True|False|undefined)\b/.exec(rest)?.[1];
  if (word === 'NaN' || word === 'Infinity')
    return `${word} is not JSON, although Python's json.dumps writes it: write null, or leave the key out.`;
  if (word !== undefined)
    return `${word} is Python or JavaScript, not JSON: write the rows by json.dumps or JSON.stringify.`;
  if (rest.startsWith("'")) return "Python's str() of an object is not JSON: write the rows by json.dumps.";
  if (/^,\s*$/.test(rest))
    return 'JSON lines have no commas between them: take the comma away, or put all rows into one array.';
  return 'Every line must be one whole JSON object.';
}

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
