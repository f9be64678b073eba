import { boundedJson } from './bounded-json.js';
import type { Column } from './columns.js';

/**
 * The row's properties from the values of its columns, as Arrow columns of ours give them: messages without the keys that
 * hold null, tools as JSON text. What was checked before it was stored is not checked again.
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

/** Content that columns left out as null stands behind the role. */
function restoredMessage(message: object): object {
  if ('content' in message) return message;
  const entries = Object.entries(message);
  entries.splice(entries.findIndex(([name]) => name === 'role') + 1, 0, ['content', null]);
  return Object.fromEntries(entries);
}
