import { type Json, nearest, type TemplateInputs, type Text } from '@dpo/base';
import { boundedJson } from './bounded-json.js';
import type { Column } from './columns.js';
import { kindOf, type Place, rowError } from './place.js';

/** A row under its file's names, before it is checked. */
export type FileRecord = Readonly<Record<string, unknown>>;

/** The value under `key`. @throws DpoError `data.missing-column`, with the nearest other key as a hint */
export function required(record: FileRecord, key: string, columns: readonly Column[], place: Place): unknown {
  const value = record[key];
  if (value !== undefined && value !== null) return value;
  const columnNames = new Set(columns.map(({ name }) => name));
  const keys = Object.keys(record).filter((name) => name !== key && !columnNames.has(name));
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

/** A string that has a UTF-8 form. @throws DpoError `data.wrong-type`, `data.invalid-text` */
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

/** Any JSON value of well-formed texts and finite numbers. 64-bit integers become numbers; objects lose `undefined` values. */
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

/** The tools of a row: a list of JSON schemas, or the JSON text of the list; `undefined` without tools. */
export function parseTools(value: unknown, key: string, place: Place): readonly Json[] | undefined {
  const tools = typeof value === 'string' ? parseJsonText(value, key, 'a list of tools', place) : value;
  if (tools === undefined || tools === null) return undefined;
  if (!Array.isArray(tools)) throw wrongType(tools, key, 'a list of tools, or its JSON text', place);
  if (tools.length === 0) return undefined;
  return tools.map((tool: unknown, i) => parseTool(tool, `${key}[${i}]`, place));
}

/** One tool: an object, or its JSON text, which TRL's datasets hold. */
function parseTool(value: unknown, key: string, place: Place): Json {
  const tool = typeof value === 'string' ? parseJsonText(value, key, 'a tool', place) : value;
  if (typeof tool === 'object' && tool !== null && !Array.isArray(tool)) return parseJson(tool, key, place);
  throw wrongType(tool, key, 'an object that describes a tool', place);
}

/** The variables of a row for the chat template: an object, or its JSON text; `undefined` without variables. */
export function parseVariables(value: unknown, key: string, place: Place): Readonly<Record<string, Json>> | undefined {
  const variables = typeof value === 'string' ? parseJsonText(value, key, 'an object', place) : value;
  if (variables === undefined || variables === null) return undefined;
  if (typeof variables !== 'object' || Array.isArray(variables))
    throw wrongType(variables, key, 'an object, or its JSON text', place);
  const entries = Object.entries(variables).filter(([, item]) => item !== undefined && item !== null);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, item]) => [name, parseJson(item, `${key}.${name}`, place)]));
}

/**
 * Checks that a row of plain text has no input for the chat template, which would have no effect.
 * @throws DpoError `data.not-for-plain-text`
 */
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

/** The value that a JSON text spells; `undefined` for a blank text. @throws DpoError `data.wrong-type` */
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

/** A finite number, or `undefined` for an absent value. @throws DpoError `data.wrong-type` */
export function parseNumber(value: unknown, key: string, place: Place): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw wrongType(value, key, 'a finite number', place);
  return number;
}

/** True or false, which some files write as 1 and 0. @throws DpoError `data.wrong-type` */
export function parseBoolean(value: unknown, key: string, place: Place): boolean {
  if (typeof value === 'boolean') return value;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (number === 0 || number === 1) return number === 1;
  throw wrongType(value, key, 'true or false', place);
}

/**
 * A label as a text, or `undefined` for an absent value. A label says where a row came from and changes no number, so no kind
 * of label is a reason to refuse the row: numbers are written out, the names of a list are joined (Nectar has lists of sources),
 * objects become JSON. pandas writes NaN for a missing id.
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
  const kind = kindOf(value);
  return rowError('data.wrong-type', place, `"${key}" must be ${expected}, not ${kind}.`, {
    key,
    expected,
    received: kind,
  });
}
