import { DpoError } from '@dpo/base';
import { boundedJson, TooDeep } from '../../rows/bounded-json.js';
import { peek } from '../../rows/peek.js';
import { checkDisguise, DISGUISE_BYTES } from '../disguise.js';
import type { PlacedRecord } from '../records.js';
import { locateJsonError } from './_json-error.js';
import { type Line, readLines } from './_lines.js';
import { readJsonValues } from './json-values.js';

/**
 * The records of a JSON file: one object to a line, one array of objects, or objects one after another that go over several
 * lines. The beginning of the file shows which form it has. A record that is not JSON comes with the error `data.broken-json`,
 * which names file, line, column and what was expected.
 *
 * @param bytes the file's bytes, unpacked
 * @param path the file, for messages
 * @throws DpoError the errors of {@link readLines}, {@link readJsonValues} and {@link checkDisguise}
 */
export async function* readJsonl(
  bytes: AsyncGenerator<Uint8Array, undefined>,
  path: string,
): AsyncGenerator<readonly PlacedRecord[]> {
  const { first = new Uint8Array(0), all, close } = await peek(bytes);
  try {
    checkDisguise(first.subarray(0, DISGUISE_BYTES), path);
    const records = goesOverLines(first) ? readJsonValues(withoutMark(all), path) : readLines(all, path);
    for await (const lines of records) yield lines.map((line) => parseLine(line, path));
  } finally {
    await close();
  }
}

/** True for an array, and for a file whose first object does not end on its first line. */
function goesOverLines(start: Uint8Array): boolean {
  // The decoder leaves out a mark of the byte order.
  const text = new TextDecoder().decode(start).trimStart();
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

async function* withoutMark(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
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
