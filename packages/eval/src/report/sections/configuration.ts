import { commandLine } from '../command-line.js';
import type { ReportData } from '../data.js';
import { type Html, html } from '../html.js';

/** Digests of files, which are compared when a run is resumed and say nothing to a reader. */
const forMachines = new Set(['identity']);

/** The run's settings: a table of the plain values, and a table for each group of values. */
export function configuration({ config }: ReportData): Html | undefined {
  if (config === undefined) return undefined;
  const entries = Object.entries(config).filter(
    ([key, value]) => value !== undefined && value !== null && !forMachines.has(key),
  );
  const plain = entries.filter(([, value]) => !isGroup(value)).map(([key, value]) => [key, textOf(value)] as const);
  const groups = entries.flatMap(([key, value]) => (isGroup(value) ? [{ name: key, rows: flatten(value) }] : []));
  // Long tables last, so that the short ones stand beside each other.
  const tables = [{ name: 'run', rows: plain }, ...groups]
    .filter(({ rows }) => rows.length > 0)
    .sort((a, b) => a.rows.length - b.rows.length);
  if (tables.length === 0) return undefined;
  const command = commandLine(config);
  return html`<section><h2>Configuration</h2>${command !== undefined && html`<pre class="command"><code>${command}</code></pre>`}<div class="config">${tables.map(
    ({ name, rows }) =>
      html`<table><caption>${words(name)}</caption><tbody>${rows.map(([key, value]) => html`<tr><th scope="row">${words(key)}</th><td>${value}</td></tr>`)}</tbody></table>`,
  )}</div></section>`;
}

type Group = Readonly<Record<string, unknown>>;

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flatten(group: Group, prefix = ''): (readonly [string, string])[] {
  return Object.entries(group).flatMap(([key, value]): (readonly [string, string])[] => {
    if (value === undefined || value === null) return [];
    return isGroup(value) ? flatten(value, `${prefix}${key} `) : [[prefix + key, textOf(value)]];
  });
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return isGroup(value) ? JSON.stringify(value) : String(value);
  // Settings are not rounded, so that they can be given again.
  return Number.isInteger(value) && Math.abs(value) >= 1e5 ? value.toLocaleString('en') : String(value);
}

/** `maxGradNorm` as `max grad norm`. */
function words(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`)
    .replaceAll('_', ' ');
}
