import { type Html, html, number } from './html.js';
import { type Scale, scale } from './scale.js';

/** A line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Which of the page's colours. */
  readonly colour: 1 | 2 | 3;
}

const [width, height] = [420, 240];
const area = { left: 52, right: width - 14, top: 14, bottom: height - 34 };

/** Curves over the steps of a run, with a reference line where one is named. */
export function lineChart(title: string, series: readonly Series[], reference?: { y: number; name: string }): Html {
  const points = series.flatMap((each) => each.points);
  const xs = points.map(([x]) => x);
  const ys = [...points.map(([, y]) => y), ...(reference ? [reference.y] : [])];
  const x = scale(Math.min(...xs), Math.max(...xs), area.left, area.right);
  const y = scale(Math.min(...ys), Math.max(...ys), area.bottom, area.top);
  const last = series.map(({ name, points }) => `${name} ends at ${number(points.at(-1)?.[1])}`).join(', ');
  return figure(
    title,
    `${title} over the steps of the run: ${last}.`,
    html`${axes(x, y, 'step')}
      ${
        reference &&
        html`<line class="reference" x1="${area.left}" x2="${area.right}" y1="${y.at(reference.y)}" y2="${y.at(reference.y)}"/>
        <text class="tick" x="${area.right}" y="${y.at(reference.y) - 4}" text-anchor="end">${reference.name}</text>`
      }
      ${series.map(({ points, colour }) => html`<polyline class="line c${colour}" points="${points.map(([px, py]) => `${round(x.at(px))},${round(y.at(py))}`).join(' ')}"/>`)}`,
    series.length > 1 ? legend(series) : undefined,
  );
}

/** A point with error bars. */
export interface PlanePoint {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly xError?: number;
  readonly yError?: number;
  readonly colour: 1 | 2 | 3;
}

/** Points in the plane of KL (across) and reward (up), the paper's Figure 2. */
export function planeChart(title: string, points: readonly PlanePoint[]): Html {
  const spread = (pick: (point: PlanePoint) => readonly [number, number | undefined]) =>
    points.flatMap((point) => {
      const [value, error = 0] = pick(point);
      return [value - error, value + error];
    });
  const xs = [0, ...spread(({ x, xError }) => [x, xError])];
  const ys = spread(({ y, yError }) => [y, yError]);
  const x = scale(Math.min(...xs), Math.max(...xs), area.left, area.right);
  const y = scale(Math.min(0, ...ys), Math.max(...ys), area.bottom, area.top);
  const told = points.map((p) => `${p.name}: reward ${number(p.y)} at KL ${number(p.x)}`).join('; ');
  return figure(
    title,
    `${told}.`,
    html`${axes(x, y, 'KL(policy ‖ reference), nats')}
      ${points.map((p) => {
        const [cx, cy] = [round(x.at(p.x)), round(y.at(p.y))];
        const right = cx < (area.left + area.right) / 2;
        return html`<g class="c${p.colour}">
          ${p.xError !== undefined && html`<line class="error" x1="${round(x.at(p.x - p.xError))}" x2="${round(x.at(p.x + p.xError))}" y1="${cy}" y2="${cy}"/>`}
          ${p.yError !== undefined && html`<line class="error" x1="${cx}" x2="${cx}" y1="${round(y.at(p.y - p.yError))}" y2="${round(y.at(p.y + p.yError))}"/>`}
          <circle cx="${cx}" cy="${cy}" r="${p.colour === 3 ? 3.5 : 5.5}"/>
          <text class="label" x="${right ? cx + 10 : cx - 10}" y="${cy - 8}" text-anchor="${right ? 'start' : 'end'}">${p.name}</text></g>`;
      })}`,
  );
}

/** How values are spread, two sets beside each other, as shares of each set. */
export function histogram(
  title: string,
  low: number,
  high: number,
  sets: readonly { name: string; values: readonly number[]; colour: 1 | 2 }[],
): Html {
  const bins = 20;
  const shares = sets.map(({ values }) => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) {
      const bin = Math.min(bins - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * bins)));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return counts.map((count) => count / values.length);
  });
  const x = scale(low, high, area.left, area.right);
  const y = scale(0, Math.max(...shares.flat()), area.bottom, area.top, 4);
  const slot = (area.right - area.left) / bins;
  const bar = (slot - 2) / sets.length;
  return figure(
    title,
    `${title}: ${sets.map(({ name, values }) => `${name}, ${values.length} texts`).join('; ')}.`,
    html`${axes(x, y, 'reward', (share) => `${Math.round(share * 100)} %`)}
      ${shares.map((bars, s) =>
        bars.map((share, i) => {
          const top = y.at(share);
          return html`<rect class="bar c${sets[s]?.colour ?? 1}" x="${round(area.left + i * slot + 1 + s * bar)}" y="${round(top)}" width="${round(bar)}" height="${round(area.bottom - top)}"/>`;
        }),
      )}`,
    legend(sets),
  );
}

function axes(x: Scale, y: Scale, label: string, format: (value: number) => string = number): Html {
  return html`${y.ticks.map(
    (
      tick,
    ) => html`<line class="grid" x1="${area.left}" x2="${area.right}" y1="${round(y.at(tick))}" y2="${round(y.at(tick))}"/>
      <text class="tick" x="${area.left - 6}" y="${round(y.at(tick) + 4)}" text-anchor="end">${format(tick)}</text>`,
  )}
    ${x.ticks.map((tick) => html`<text class="tick" x="${round(x.at(tick))}" y="${area.bottom + 16}" text-anchor="middle">${number(tick)}</text>`)}
    <line class="axis" x1="${area.left}" x2="${area.right}" y1="${area.bottom}" y2="${area.bottom}"/>
    <text class="tick" x="${area.right}" y="${height - 4}" text-anchor="end">${label}</text>`;
}

function figure(title: string, description: string, content: Html, under?: Html): Html {
  return html`<figure><figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${description}"><title>${description}</title>${content}</svg>${under}</figure>`;
}

function legend(entries: readonly { readonly name: string; readonly colour: number }[]): Html {
  return html`<p class="legend">${entries.map(({ name, colour }) => html`<span class="key k${colour}">${name}</span> `)}</p>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
