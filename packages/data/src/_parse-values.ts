import { nearest } from '@dpo/base';
import { kindOf, type Place, rowError } from './_place.js';
import type { Column } from './columns.js';
import type { Message, Text } from './types.js';

/** A row as a file gives it: values by the file's column names. */
export type FileRecord = Readonly<Record<string, unknown>>;

/** The value under `key`, or `data.missing-column` with the nearest other key as a hint. */
export function required(record: FileRecord, key: string, columns: readonly Column[], place: Place): unknown {
  const value = record[key];
  if (value !== undefined && value !== null) return value;
  const known = new Set(columns.map(({ name }) => name));
  const keys = Object.keys(record).filter((name) => name !== key && !known.has(name));
  const near = nearest(key, keys);
  const what = value === null ? `"${key}" is null` : `the key "${key}" is missing`;
  const hint =
    near === undefined
      ? `The row has ${
          Object.keys(record)
            .map((name) => `"${name}"`)
            .join(', ') || 'no keys'
        }; columns can be mapped by name.`
      : `Did you mean "${near}"? Rename it, or map the column "${key}" to it.`;
  throw rowError('data.missing-column', place, `${what}.`, { key, keys: Object.keys(record), nearest: near }, hint);
}

/** A string, checked to have a UTF-8 form. */
export function parseString(value: unknown, key: string, place: Place): string {
  if (typeof value !== 'string') throw wrongType(value, key, 'a string', place);
  // Half of a surrogate pair has no UTF-8 form.
  if (!value.isWellFormed()) {
    throw rowError(
      'data.invalid-text',
      place,
      `"${key}" holds half of a surrogate pair.`,
      { key },
      'Write the text as valid UTF-8.',
    );
  }
  return value;
}

/** Plain text or a list of `{ role, content }`; other keys of a message are dropped. */
export function parseText(value: unknown, key: string, place: Place): Text {
  if (typeof value === 'string') return parseString(value, key, place);
  if (!Array.isArray(value)) throw wrongType(value, key, 'a string or a list of messages', place);
  return value.map((message: unknown, index): Message => {
    const at = `${key}[${index}]`;
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      throw wrongType(message, at, 'a message with role and content', place);
    }
    const { role, content } = message as FileRecord;
    return { role: parseString(role, `${at}.role`, place), content: parseString(content, `${at}.content`, place) };
  });
}

/** An answer: as {@link parseText}, and not empty (`data.empty-answer`). */
export function parseAnswer(value: unknown, key: string, place: Place): Text {
  const text = parseText(value, key, place);
  const empty = typeof text === 'string' ? text === '' : text.every(({ content }) => content === '');
  if (empty) {
    throw rowError(
      'data.empty-answer',
      place,
      `"${key}" is empty.`,
      { key },
      'Remove the row or give the answer a text.',
    );
  }
  return text;
}

/** A finite number, or `undefined` where there is none. */
export function parseNumber(value: unknown, key: string, place: Place): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw wrongType(value, key, 'a finite number', place);
  return number;
}

/** True or false, which some files write as 1 and 0. */
export function parseBoolean(value: unknown, key: string, place: Place): boolean {
  if (typeof value === 'boolean') return value;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (number === 0 || number === 1) return number === 1;
  throw wrongType(value, key, 'true or false', place);
}

/** A name or number as a string, or `undefined` where there is none. */
export function parseLabel(value: unknown, key: string, place: Place): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return parseString(value, key, place);
}

/** The error for a value of the wrong kind. */
export function wrongType(value: unknown, key: string, expected: string, place: Place) {
  const received = kindOf(value);
  return rowError('data.wrong-type', place, `"${key}" must be ${expected}, not ${received}.`, {
    key,
    expected,
    received,
  });
}
