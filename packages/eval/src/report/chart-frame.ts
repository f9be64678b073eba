import { tickLabels } from './format.js';
import { type Html, html, type Part } from './html.js';
import type { Scale } from './scale.js';

/** The names of the page's colours, which are classes of its style sheet. */
export type Colour = 'before' | 'after' | 'other' | 'held' | 'tie' | 'lost' | 'run-4' | 'run-5' | 'run-6';

/** The size of a chart, and the edges of its axes, in the units of its view box. */
export interface Area {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A chart's data as a table, for readers who cannot see the chart or want the numbers. */
export interface ChartTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure: caption, the drawing with its title and description, a legend, and the data as a table. */
export function figure(parts: {
  readonly title: string;
  /** The main number, at the caption's end. */
  readonly value?: string | undefined;
  readonly description: string;
  readonly area: Area;
  readonly kind?: 'large' | undefined;
  readonly content: Part;
  readonly legend?: Html | undefined;
  readonly table: ChartTable;
}): Html {
  const id = parts.title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const { width, height } = parts.area;
  return html`<figure${parts.kind === 'large' && html` class="large"`}><figcaption>${parts.title}${parts.value !== undefined && html`<span class="value">${parts.value}</span>`}</figcaption>
${parts.legend}<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-text"><title id="${id}-title">${parts.title}</title><desc id="${id}-text">${parts.description}</desc>${parts.content}</svg>
<details class="data"><summary>Numbers</summary><div class="scroll"><table><thead><tr>${parts.table.head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${parts.table.rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div></details></figure>`;
}

/** Grid lines, tick labels and the names of both axes. */
export function axes(
  area: Area,
  x: Scale,
  y: Scale,
  names: { readonly x: string; readonly y?: string | undefined },
  yLabels: readonly string[] = tickLabels(y.ticks),
): Html {
  const { height, left, right, top, bottom } = area;
  const xLabels = tickLabels(x.ticks);
  return html`${y.ticks.map((tick, i) => {
    const at = round(y.at(tick));
    return html`<line class="${tick === 0 ? 'zero' : 'grid'}" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text class="tick" x="${left - 8}" y="${at + 4}" text-anchor="end">${yLabels[i]}</text>`;
  })}${x.ticks.map(
    (tick, i) =>
      html`<text class="tick" x="${round(x.at(tick))}" y="${bottom + 18}" text-anchor="middle">${xLabels[i]}</text>`,
  )}<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/><text class="name" x="${right}" y="${height - 5}" text-anchor="end">${names.x}</text>${
    names.y !== undefined && html`<text class="name" x="${left - 8}" y="${top - 16}">${names.y}</text>`
  }`;
}

/** The names of the series beside their colours, with a value for each series that has one. */
export function legend(
  entries: readonly { readonly name: string; readonly colour: Colour; readonly value?: string | undefined }[],
): Html {
  return html`<p class="legend">${entries.map(({ name, colour, value }) => html`<span class="key ${colour}">${name}${value !== undefined && html` <b>${value}</b>`}</span>`)}</p>`;
}

/** Rounds pixels to a tenth: more digits would only make the page larger. */
export function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
