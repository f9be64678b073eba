import { DpoError } from '@dpo/base';
import { readBytes } from '../files/text/compression.js';
import { readJsonl } from '../files/text/read-jsonl.js';
import { type FileRecord, parseString, required, wrongType } from '../rows/parse-values.js';
import { kindOf, type Place, rowError } from '../rows/place.js';
import type { PreferencePair } from '../rows/types.js';

/** The options of all builders from published files. */
export interface BuildOptions {
  /** Called with the error of every row that cannot be used; the row is skipped. Without it the first error is thrown. */
  readonly onError?: ((error: DpoError) => void) | undefined;
}

/** One or several `.jsonl` or `.jsonl.gz` files, read one after another. */
export type PublishedFiles = string | readonly string[];

/** One row of a published file. */
export interface PublishedRow {
  readonly record: FileRecord;
  readonly place: Place;
}

/**
 * Pairs from the rows of published files: `convert` makes a row's pair, or returns undefined to leave the row out. Each
 * iteration reads the files again.
 */
export function publishedPairs(
  files: PublishedFiles,
  options: BuildOptions,
  convert: (row: PublishedRow) => PreferencePair | undefined,
): AsyncIterable<PreferencePair> {
  return {
    async *[Symbol.asyncIterator]() {
      for await (const row of publishedRows(files)) {
        const pair = valueOrReport(options, () => {
          if (row.error !== undefined) throw row.error;
          return convert({ record: asObject(row.record, row.place), place: row.place });
        });
        if (pair !== undefined) yield pair;
      }
    },
  };
}

async function* publishedRows(
  files: PublishedFiles,
): AsyncGenerator<{ record: unknown; error: DpoError | undefined; place: Place }> {
  for (const path of typeof files === 'string' ? [files] : files) {
    let row = 0;
    for await (const records of readJsonl(readBytes(path), path)) {
      for (const { record, line, error } of records) yield { record, error, place: { path, line, row: row++ } };
    }
  }
}

function valueOrReport<Value>(options: BuildOptions, make: () => Value): Value | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof DpoError) || options.onError === undefined) throw error;
    options.onError(error);
    return undefined;
  }
}

/** The value as an object. @throws DpoError `data.wrong-type` for a value under a key, `data.broken-row` for a row */
export function asObject(value: unknown, place: Place, key?: string): FileRecord {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as FileRecord;
  if (key !== undefined) throw wrongType(value, key, 'an object', place);
  throw rowError('data.broken-row', place, `a row must be an object, not ${kindOf(value)}.`, {
    received: kindOf(value),
  });
}

/** The text under `key`. @throws DpoError `data.missing-column`, `data.wrong-type`, `data.invalid-text` */
export function textOf(record: FileRecord, key: string, place: Place): string {
  return parseString(required(record, key, [], place), key, place);
}

/** The number under `key`, one of `allowed`. @throws DpoError `data.missing-column`, `data.wrong-type` */
export function choiceOf(record: FileRecord, key: string, allowed: readonly number[], place: Place): number {
  const value = required(record, key, [], place);
  if (typeof value === 'number' && allowed.includes(value)) return value;
  throw rowError(
    'data.wrong-type',
    place,
    `"${key}" must be ${allowed.join(' or ')}, not ${typeof value === 'number' ? value : kindOf(value)}.`,
    { key, expected: allowed, received: value },
  );
}
