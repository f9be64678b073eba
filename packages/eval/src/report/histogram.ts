import { type Area, axes, type Colour, figure, legend, round } from './chart-frame.js';
import { number, percent, tickLabels } from './format.js';
import { type Html, html } from './html.js';
import { scale } from './scale.js';

/** A set of values, with its name and colour. */
export interface Sample {
  readonly name: string;
  readonly values: readonly number[];
  readonly colour: Colour;
}

const area: Area = { width: 520, height: 344, left: 62, right: 506, top: 40, bottom: 288 };
const BINS = 20;

/** The distributions of several sets of values beside each other, as shares of each set. A dashed line marks each set's mean. */
export function histogram(title: string, axis: string, sets: readonly Sample[]): Html {
  const all = sets.flatMap(({ values }) => values);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  // Sentiment scores and probabilities are easier to compare on their whole range.
  const [low, high] = least >= -1 && most <= 1 ? [least >= 0 ? 0 : -1, 1] : [least, most];
  const x = scale(low, high, area.left, area.right, 4);
  const [start, end] = [x.ticks[0] as number, x.ticks.at(-1) as number];
  const shares = sets.map(({ values }) => spread(values, start, end));
  const y = scale(0, Math.max(...shares.flat()), area.bottom, area.top, 4);
  const slot = (area.right - area.left) / BINS;
  const bar = (slot - 3) / sets.length;
  const edges = Array.from({ length: BINS + 1 }, (_, i) => number(start + ((end - start) * i) / BINS));
  const means = sets.map(({ values }) => values.reduce((sum, value) => sum + value / values.length, 0));
  const bars = sets.map(
    ({ name, colour }, s) =>
      html`<g class="${colour}">${shares[s]?.map((share, i) => {
        const top = round(y.at(share));
        return (
          share > 0 &&
          html`<rect class="bar" x="${round(area.left + i * slot + 1.5 + s * bar)}" y="${top}" width="${round(bar - 0.5)}" height="${round(area.bottom - top)}" rx="1.5"><title>${`${name}: ${percent(share)} between ${edges[i]} and ${edges[i + 1]}`}</title></rect>`
        );
      })}</g>`,
  );
  const lines = sets.map(({ colour }, s) => {
    const at = round(x.at(means[s] as number));
    return html`<g class="${colour}"><line class="mean" x1="${at}" x2="${at}" y1="${area.top}" y2="${area.bottom}"/></g>`;
  });
  return figure({
    title,
    description: `${sets.map(({ name, values }, s) => `${name}: ${number(values.length)} texts, mean ${number(means[s])}`).join('; ')}. Dashed lines mark the means.`,
    area,
    kind: 'large',
    content: html`${axes(
      area,
      x,
      y,
      { x: axis, y: 'share of texts' },
      tickLabels(y.ticks.map((tick) => 100 * tick)).map((label) => `${label} %`),
    )}${bars}${lines}`,
    legend: legend(sets.map(({ name, colour }, s) => ({ name, colour, value: `mean ${number(means[s])}` }))),
    table: {
      head: ['from', 'to', ...sets.map(({ name }) => name)],
      rows: Array.from({ length: BINS }, (_, i) => [
        edges[i] as string,
        edges[i + 1] as string,
        ...shares.map((row) => percent(row[i] as number)),
      ]),
    },
  });
}

/** The share of the values in each bin. */
function spread(values: readonly number[], start: number, end: number): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) {
    const place = Math.floor(((value - start) / (end - start)) * BINS);
    const bin = Math.min(BINS - 1, Math.max(0, place));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts.map((count) => count / values.length);
}
