import type { ReportData } from '../data.js';
import { type Html, html } from '../html.js';

/** Settings that differ in every run and say nothing of it. */
const OWN: ReadonlySet<string> = new Set(['identity', 'options output', 'options json', 'options resume']);

/** The settings in which the runs differ, settings of some runs alone included. */
export function settings(runs: readonly ReportData[]): Html | undefined {
  const flat = runs.map(({ config }) => new Map(entriesOf(config ?? {})));
  const keys = [...new Set(flat.flatMap((each) => [...each.keys()]))].filter(
    (key) => new Set(flat.map((each) => each.get(key))).size > 1,
  );
  if (keys.length === 0) return undefined;
  return html`<section><h2>What differs</h2><div class="scroll"><table><thead><tr><th scope="col">setting</th>${runs.map(({ title }) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${keys.map(
    (key) =>
      html`<tr><th scope="row">${words(key)}</th>${flat.map((each) => html`<td>${each.get(key) ?? '–'}</td>`)}</tr>`,
  )}</tbody></table></div></section>`;
}

function entriesOf(group: Readonly<Record<string, unknown>>, prefix = ''): (readonly [string, string])[] {
  return Object.entries(group).flatMap(([key, value]): (readonly [string, string])[] => {
    const name = prefix + key;
    if (OWN.has(name) || value === undefined || value === null) return [];
    if (typeof value === 'object' && !Array.isArray(value))
      return entriesOf(value as Readonly<Record<string, unknown>>, `${name} `);
    return [[name, Array.isArray(value) ? value.map(String).join(', ') : String(value)]];
  });
}

/** `options learningRate` as `learning rate`. */
function words(key: string): string {
  return key
    .replace(/^options /, '')
    .replace(/([a-z0-9])([A-Z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`);
}
