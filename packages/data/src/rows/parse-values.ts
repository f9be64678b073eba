import { type Json, nearest, type TemplateInputs, type Text } from '@dpo/base';
import { boundedJson } from './bounded-json.js';
import type { Column } from './columns.js';
import { kindOf, type Place, rowError } from './place.js';

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

/** Any JSON value: whole texts, finite numbers; 64-bit integers become numbers, `undefined` in objects is left out. */
export function parseJson(value: unknown, key: string, place: Place): Json {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return parseString(value, key, place);
  if (typeof value === 'number' || typeof value === 'bigint') return (parseNumber(value, key, place) as number) + 0;
  if (Array.isArray(value)) return value.map((item: unknown, i) => parseJson(item ?? null, `${key}[${i}]`, place));
  if (!isPlain(value)) throw wrongType(value, key, 'a JSON value', place);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(
    entries.map(([name, item]) => [parseString(name, key, place), parseJson(item, `${key}.${name}`, place)]),
  );
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The tools of a row: a list of JSON schemas, or the JSON text of such a list; `undefined` where there are none. */
export function parseTools(value: unknown, key: string, place: Place): readonly Json[] | undefined {
  const given = typeof value === 'string' ? parseJsonText(value, key, 'a list of tools', place) : value;
  if (given === undefined || given === null) return undefined;
  if (!Array.isArray(given)) throw wrongType(given, key, 'a list of tools, or its JSON text', place);
  if (given.length === 0) return undefined;
  return given.map((tool: unknown, i) => parseTool(tool, `${key}[${i}]`, place));
}

/** One tool; TRL's data sets hold lists of JSON texts too. */
function parseTool(value: unknown, key: string, place: Place): Json {
  const tool = typeof value === 'string' ? parseJsonText(value, key, 'a tool', place) : value;
  if (typeof tool === 'object' && tool !== null && !Array.isArray(tool)) return parseJson(tool, key, place);
  throw wrongType(tool, key, 'an object that describes a tool', place);
}

/** The variables of a row for the chat template: an object, or its JSON text; `undefined` where there are none. */
export function parseVariables(value: unknown, key: string, place: Place): Readonly<Record<string, Json>> | undefined {
  const given = typeof value === 'string' ? parseJsonText(value, key, 'an object', place) : value;
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'object' || Array.isArray(given))
    throw wrongType(given, key, 'an object, or its JSON text', place);
  const said = Object.entries(given).filter(([, item]) => item !== undefined && item !== null);
  if (said.length === 0) return undefined;
  return Object.fromEntries(said.map(([name, item]) => [name, parseJson(item, `${key}.${name}`, place)]));
}

/** `data.not-for-plain-text` where a row of plain text speaks to the chat template: nothing would be made of what it says. */
export function checkInputs(prompt: Text, { tools, templateVariables }: TemplateInputs, place: Place): void {
  if (typeof prompt !== 'string' || (tools === undefined && templateVariables === undefined)) return;
  const key = tools === undefined ? 'chat_template_kwargs' : 'tools';
  throw rowError(
    'data.not-for-plain-text',
    place,
    `"${key}" is for the chat template, and the prompt is plain text, which goes through none.`,
    { key },
    `Give prompt and answers as conversations, or leave "${key}" out.`,
  );
}

/** The value that a JSON text spells; `undefined` for a blank one. */
export function parseJsonText(text: string, key: string, expected: string, place: Place): unknown {
  if (text.trim() === '') return undefined;
  try {
    return boundedJson(text);
  } catch (cause) {
    throw rowError(
      'data.wrong-type',
      place,
      `"${key}" must be ${expected}, as JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { key, expected },
      'Write JSON: double quotes, true, false and null.',
    );
  }
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

/**
 * A label as a text, or `undefined` where there is none. A label says where a row came from and changes no number, so no kind of
 * it is a reason to refuse the row: numbers are written out, the names of a list are joined (Nectar has lists of sources), objects
 * become JSON. pandas writes NaN where an id is missing.
 */
export function parseLabel(value: unknown, key: string, place: Place): string | undefined {
  if (value === undefined || value === null || Number.isNaN(value)) return undefined;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return parseString(value, key, place);
  if (!Array.isArray(value)) return JSON.stringify(parseJson(value, key, place));
  const labels = value.flatMap((item: unknown, i) => parseLabel(item, `${key}[${i}]`, place) ?? []);
  return labels.length === 0 ? undefined : labels.join(', ');
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
