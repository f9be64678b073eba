import { type Area, type Colour, figure, legend, round } from './chart-frame.js';
import { tenths, tenthsRange } from './format.js';
import { type Html, html, type Part } from './html.js';
import { type Scale, scale } from './scale.js';

/** A share with its interval, 0 to 1. */
interface Share {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** A line of the chart: counts of verdicts, and the win rates computed from them. */
export interface RateRow {
  readonly name: string;
  /** How many verdicts prefer whose answer, and how many were lost. */
  readonly counts: { readonly model: number; readonly tie: number; readonly baseline: number; readonly lost: number };
  readonly raw: Share | undefined;
  readonly controlled: Share | undefined;
  /** The rate with all lost verdicts against the model, and with all for it. */
  readonly bounds: readonly [number, number];
}

const PARTS = [
  ['model', 'for the model', 'after'],
  ['tie', 'ties', 'tie'],
  ['baseline', 'for the baseline', 'before'],
  ['lost', 'lost', 'lost'],
] as const satisfies readonly (readonly [keyof RateRow['counts'], string, Colour])[];

/** The longest name, in characters, beside which the rate has room on a phone. */
const LONGEST = 36;
const ROW = 74;
const TOP = 18;
const LEFT = 14;
const RIGHT = 506;

/** Win rates one below the other: a bar of all verdicts, ties and lost ones among them, and beneath it the rate and the rate at equal length. */
export function rateChart(title: string, rows: readonly RateRow[]): Html {
  const bottom = TOP + rows.length * ROW;
  const area: Area = { width: 520, height: bottom + 36, left: LEFT, right: RIGHT, top: TOP, bottom };
  const x = scale(0, 1, LEFT, RIGHT, 4);
  const sentences = rows.map(
    ({ name, raw, controlled }) =>
      `${name}: ${raw === undefined ? 'no usable verdict' : rateText(raw)}${controlled === undefined ? '' : `, at equal length ${rateText(controlled)}`}`,
  );
  return figure({
    title,
    description: `${sentences.join('; ')}. Bars show all verdicts.`,
    area,
    kind: 'large',
    content: html`<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/><line class="hatch" x1="0" x2="0" y1="0" y2="6"/></pattern></defs>${guides(x, bottom)}${rows.map((row, i) => drawRow(row, x, TOP + i * ROW))}`,
    legend: html`${legend(PARTS.map(([, name, colour]) => ({ name, colour })))}<p class="legend"><span class="key after dot">win rate</span><span class="key other diamond">at equal length</span><span class="key-note">with 95 % intervals</span></p>`,
    table: {
      head: ['', 'win rate', '95 % interval', 'at equal length', '95 % interval', ...PARTS.map(([, name]) => name)],
      rows: rows.map(({ name, raw, controlled, counts }) => [
        name,
        ...shareCells(raw),
        ...shareCells(controlled),
        ...PARTS.map(([part]) => String(counts[part])),
      ]),
    },
  });
}

function rateText(share: Share): string {
  return `${tenths(share.rate)} (${tenthsRange(share)})`;
}

function shareCells(share: Share | undefined): string[] {
  return share === undefined ? ['–', '–'] : [tenths(share.rate), tenthsRange(share)];
}

/** The axis in per cent, with a line at one half. */
export function guides(x: Scale, bottom: number): Part {
  const half = round(x.at(0.5));
  return html`${[0, 0.25, 0.5, 0.75, 1].map((tick) => {
    const at = round(x.at(tick));
    const anchor = tick === 0 ? 'start' : tick === 1 ? 'end' : 'middle';
    return html`<line class="grid" x1="${at}" x2="${at}" y1="${TOP}" y2="${bottom}"/><text class="tick" x="${at}" y="${bottom + 20}" text-anchor="${anchor}">${100 * tick} %</text>`;
  })}<line class="reference" x1="${half}" x2="${half}" y1="${TOP - 8}" y2="${bottom}"/>`;
}

function drawRow({ name, counts, raw, controlled, bounds }: RateRow, x: Scale, top: number): Html {
  const total = PARTS.reduce((sum, [part]) => sum + counts[part], 0);
  const bar = top + 18;
  let from = 0;
  const parts = PARTS.map(([part, label, colour]) => {
    const start = round(x.at(from / total));
    from += counts[part];
    const width = round(x.at(from / total) - start);
    return (
      counts[part] > 0 &&
      html`<g class="${colour}"><rect class="bar" x="${start}" y="${bar}" width="${width}" height="16"><title>${`${name}: ${counts[part]} of ${total} verdicts ${label}`}</title></rect>${width > 34 && html`<text class="inside" x="${start + width / 2}" y="${bar + 12.5}" text-anchor="middle">${counts[part]}</text>`}</g>`
    );
  });
  return html`<text class="label strong" x="${LEFT}" y="${top + 12}">${name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name}<title>${name}</title></text><text class="note" x="${RIGHT}" y="${top + 12}" text-anchor="end">${raw === undefined ? 'no usable verdict' : tenths(raw.rate)}</text>${parts}${bounds[1] - bounds[0] > 1e-9 && html`<rect class="bounds" x="${round(x.at(bounds[0]))}" y="${bar + 21}" width="${round(x.at(bounds[1]) - x.at(bounds[0]))}" height="8"><title>${`with lost verdicts counted against the model and for it: ${tenthsRange({ low: bounds[0], high: bounds[1] })}`}</title></rect>`}${raw && mark(raw, x, bar + 25, 'after', 'win rate')}${controlled && mark(controlled, x, bar + 39, 'other', 'at equal length')}`;
}

function mark(share: Share, x: Scale, y: number, colour: Colour, what: string): Html {
  const at = round(x.at(share.rate));
  const point =
    colour === 'other'
      ? html`<rect class="bar" x="${at - 4}" y="${y - 4}" width="8" height="8" transform="rotate(45 ${at} ${y})"/>`
      : html`<circle cx="${at}" cy="${y}" r="4.5"/>`;
  return html`<g class="${colour}"><title>${`${what} ${rateText(share)}`}</title><line class="error" x1="${round(x.at(share.low))}" x2="${round(x.at(share.high))}" y1="${y}" y2="${y}"/>${point}</g>`;
}
