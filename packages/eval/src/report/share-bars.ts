import { type Area, type Colour, figure, round } from './chart-frame.js';
import { tenths } from './format.js';
import { type Html, html } from './html.js';
import { guides } from './rate-chart.js';
import { scale } from './scale.js';

/** A share that is drawn as a bar from 0 to 100 %, with a note at its end. */
export interface ShareBar {
  readonly name: string;
  /** 0 to 1; undefined for a share of nothing. */
  readonly share: number | undefined;
  readonly note: string;
  readonly colour: Colour;
}

const ROW = 40;
const TOP = 18;
const LEFT = 14;
const RIGHT = 506;

/** Shares one below the other, from 0 to 100 %. */
export function shareBars(title: string, description: string, bars: readonly ShareBar[]): Html {
  const bottom = TOP + bars.length * ROW;
  const area: Area = { width: 520, height: bottom + 36, left: LEFT, right: RIGHT, top: TOP, bottom };
  const x = scale(0, 1, LEFT, RIGHT, 4);
  const marks = bars.map(({ name, share, note, colour }, i) => {
    const top = TOP + i * ROW;
    const value = share === undefined ? '–' : tenths(share);
    return html`<g class="${colour}"><title>${`${name}: ${value} ${note}`}</title><text class="label" x="${LEFT}" y="${top + 13}">${name}</text><text class="note" x="${RIGHT}" y="${top + 13}" text-anchor="end">${`${value} ${note}`}</text>${share !== undefined && html`<rect class="bar" x="${LEFT}" y="${top + 18}" width="${round(x.at(share) - LEFT)}" height="10" rx="2"/>`}</g>`;
  });
  return figure({
    title,
    description,
    area,
    kind: 'large',
    content: html`${guides(x, bottom)}${marks}`,
    table: {
      head: ['', 'share', ''],
      rows: bars.map(({ name, share, note }) => [name, share === undefined ? '–' : tenths(share), note]),
    },
  });
}
