/** A cell of a CSV file; undefined for an empty one. */
export type Cell = string | number | undefined;

/**
 * A CSV file by RFC 4180, with `\n` after each line. A cell that a spreadsheet would take for a formula gets an apostrophe
 * before it, since names of prompts may come from anywhere.
 */
export function csv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

function cell(value: Cell): string {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
