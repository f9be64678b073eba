import { boundedJson } from './bounded-json.js';
import type { Column } from './columns.js';

/**
 * A row's properties from the values of our Arrow columns, in which messages lack the keys that hold null, and tools are JSON
 * text. Values were checked before they were stored, and are not checked again.
 */
export function restoredRow(columns: readonly Column[], record: Readonly<Record<string, unknown>>): object {
  const row: Record<string, unknown> = {};
  for (const { name, key, kind } of columns) {
    const value = record[name];
    if (value === undefined) continue;
    if (kind === 'text') row[key] = restoredText(value);
    else if (kind === 'texts' && Array.isArray(value)) row[key] = value.map(restoredText);
    else row[key] = kind === 'tools' && typeof value === 'string' ? boundedJson(value) : value;
  }
  return row;
}

function restoredText(text: unknown): unknown {
  return Array.isArray(text) ? text.map(restoredMessage) : text;
}

/** The message with its content: content that is null is absent from the columns, and its place is behind the role. */
function restoredMessage(message: object): object {
  if ('content' in message) return message;
  const entries = Object.entries(message);
  entries.splice(entries.findIndex(([name]) => name === 'role') + 1, 0, ['content', null]);
  return Object.fromEntries(entries);
}
