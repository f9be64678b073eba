import { type Area, axes, type Colour, figure, legend, round } from './chart-frame.js';
import { type CurvePoint, condense, smooth, smoothingWindow } from './condense.js';
import { number } from './format.js';
import { type Html, html } from './html.js';
import { type Scale, scale, stepScale } from './scale.js';

/** A curve over the steps of a run. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [step: number, value: number])[];
  readonly colour: Colour;
  /** Whether single steps are noisy. They are drawn faint then, beneath means over several steps. */
  readonly noisy?: boolean;
}

const area: Area = { width: 400, height: 230, left: 54, right: 388, top: 12, bottom: 190 };

/** Curves over the steps of a run, with a reference line when one is given. */
export function lineChart(
  title: string,
  series: readonly Series[],
  reference?: { readonly y: number; readonly name: string },
): Html {
  const curves = series.map(withTrend);
  const all = curves.flatMap(({ curve }) => curve);
  const xs = all.map(({ x }) => x);
  const ys = [...all.flatMap(({ low, high }) => [low, high]), ...(reference ? [reference.y] : [])];
  const x = stepScale(Math.min(...xs), Math.max(...xs), area.left, area.right);
  const y = scale(Math.min(...ys), Math.max(...ys), area.bottom, area.top);
  const ends = curves.map(({ name, trend }) => ({ name, first: trend[0], last: trend.at(-1) }));
  const condensed = curves.some(({ curve, points }) => curve.length < points.length);
  return figure({
    title,
    value: series.length === 1 ? number(ends[0]?.last) : undefined,
    description:
      `Over steps ${number(Math.min(...xs))} to ${number(Math.max(...xs))}: ` +
      `${ends.map(({ name, first, last }) => `${name} from ${number(first)} to ${number(last)}`).join('; ')}.` +
      (curves.some(({ smoothed }) => smoothed) ? ' The strong line is a mean over several steps.' : '') +
      (condensed ? ' Each point is the mean of several steps; the band spans their lowest and highest.' : ''),
    area,
    content: html`${axes(area, x, y, { x: 'step' })}${reference && referenceLine(y, reference)}${curves.map((curve) => curveMarks(curve, x, y))}${hoverMarks(curves, x, y)}`,
    legend:
      series.length > 1
        ? legend(series.map(({ name, colour }, i) => ({ name, colour, value: number(ends[i]?.last) })))
        : undefined,
    table: table(curves),
  });
}

interface Curve extends Series {
  readonly curve: readonly CurvePoint[];
  /** The values of the strong line at the points of the curve. */
  readonly trend: readonly number[];
  readonly smoothed: boolean;
}

function withTrend(series: Series): Curve {
  const curve = condense(series.points);
  // Points that are means are not smoothed.
  const single = series.noisy === true && curve.length === series.points.length;
  const window = single ? smoothingWindow(curve.length) : 1;
  const values = curve.map(({ y }) => y);
  return { ...series, curve, trend: smooth(values, window), smoothed: window > 1 };
}

function referenceLine(y: Scale, { y: value, name }: { readonly y: number; readonly name: string }): Html {
  const at = round(y.at(value));
  return html`<line class="reference" x1="${area.left}" x2="${area.right}" y1="${at}" y2="${at}"/><text class="note" x="${area.right}" y="${at > area.top + 16 ? at - 5 : at + 14}" text-anchor="end">${name}</text>`;
}

function curveMarks({ curve, trend, smoothed, colour }: Curve, x: Scale, y: Scale): Html {
  const path = (points: readonly (readonly [number, number])[]) =>
    points.map(([px, py]) => `${round(x.at(px))},${round(y.at(py))}`).join(' ');
  const banded = curve.some(({ low, high }) => high > low);
  const around = [
    ...curve.map((p) => [p.x, p.high] as const),
    ...[...curve].reverse().map((p) => [p.x, p.low] as const),
  ];
  const [last, end] = [curve.at(-1) as CurvePoint, trend.at(-1) as number];
  return html`<g class="${colour}">${banded && html`<polygon class="band" points="${path(around)}"/>`}${smoothed && html`<polyline class="faint" points="${path(curve.map((p) => [p.x, p.y]))}"/>`}<polyline class="line" points="${path(curve.map((p, i) => [p.x, trend[i] as number]))}"/><circle class="end" cx="${round(x.at(last.x))}" cy="${round(y.at(end))}" r="3"/></g>`;
}

/** An invisible strip over each step, which shows the step's values while the pointer is on it. No script is needed. */
function hoverMarks(curves: readonly Curve[], x: Scale, y: Scale): Html {
  const columns = byStep(curves);
  return html`${columns.map(([step, values], i) => {
    const at = x.at(step);
    const from = i === 0 ? area.left : (x.at((columns[i - 1] as Column)[0]) + at) / 2;
    const to = i === columns.length - 1 ? area.right : (at + x.at((columns[i + 1] as Column)[0])) / 2;
    const readings = curves.flatMap(({ name }, s) => (values[s] === undefined ? [] : [`${name} ${number(values[s])}`]));
    return html`<g class="hit"><rect x="${round(from)}" y="${area.top}" width="${round(Math.max(0.1, to - from))}" height="${area.bottom - area.top}"><title>${`step ${number(step)}: ${readings.join(', ')}`}</title></rect><line x1="${round(at)}" x2="${round(at)}" y1="${area.top}" y2="${area.bottom}"/>${curves.map(
      ({ colour }, s) => {
        const value = values[s];
        return (
          value !== undefined && html`<circle class="${colour}" cx="${round(at)}" cy="${round(y.at(value))}" r="3.5"/>`
        );
      },
    )}</g>`;
  })}`;
}

type Column = readonly [step: number, values: readonly (number | undefined)[]];

function byStep(curves: readonly Curve[]): Column[] {
  const steps = new Map<number, (number | undefined)[]>();
  curves.forEach(({ curve }, s) => {
    for (const { x, y } of curve) {
      const values = steps.get(x) ?? curves.map(() => undefined);
      values[s] = y;
      steps.set(x, values);
    }
  });
  return [...steps].sort(([a], [b]) => a - b);
}

function table(curves: readonly Curve[]) {
  return {
    head: ['step', ...curves.map(({ name }) => name)],
    rows: byStep(curves).map(([step, values]) => [
      number(step),
      ...values.map((value) => (value === undefined ? '' : number(value))),
    ]),
  };
}
