import { type Area, axes, type Colour, figure, legend, round } from './chart-frame.js';
import { number, plusMinus } from './format.js';
import { type Html, html } from './html.js';
import { scale } from './scale.js';

/** A point of the plane, with its standard errors when it has any. */
export interface PlanePoint {
  readonly name: string;
  readonly kl: number;
  readonly klError?: number | null | undefined;
  readonly reward: number;
  readonly rewardError?: number | null | undefined;
  readonly colour: Colour;
  /** Points of one family are joined by a line, in the order of their KL. */
  readonly family?: string | undefined;
}

const area: Area = { width: 520, height: 344, left: 62, right: 506, top: 40, bottom: 288 };

/** Policies in the plane of KL (across) and mean reward (up), with standard errors: the paper's Figure 2. */
export function planeChart(title: string, policies: readonly PlanePoint[]): Html {
  const points = policies.filter(({ reward, kl }) => Number.isFinite(reward) && Number.isFinite(kl));
  const span = (values: readonly (readonly [number, number | null | undefined])[]) =>
    values.flatMap(([value, error]) => [value - errorOrZero(error), value + errorOrZero(error)]);
  const xs = [0, ...span(points.map(({ kl, klError }) => [kl, klError]))];
  const ys = [0, ...span(points.map(({ reward, rewardError }) => [reward, rewardError]))];
  const x = scale(Math.min(...xs), Math.max(...xs), area.left, area.right);
  const y = scale(Math.min(...ys), Math.max(...ys), area.bottom, area.top);
  const families = [...new Set(points.flatMap(({ family }) => (family === undefined ? [] : [family])))];
  const words = (value: number, error: number | null | undefined) =>
    plusMinus({ mean: value, standardError: error ?? null });
  const lines = families.map((family) => {
    const members = points.filter((point) => point.family === family).sort((a, b) => a.kl - b.kl);
    const path = members.map((point) => `${round(x.at(point.kl))},${round(y.at(point.reward))}`).join(' ');
    return html`<g class="${members[0]?.colour ?? 'other'}"><polyline class="thin" points="${path}"/></g>`;
  });
  const marks = points.map((point) => {
    const [cx, cy] = [round(x.at(point.kl)), round(y.at(point.reward))];
    const [dx, dy] = [errorPixels(x, point.kl, point.klError), errorPixels(y, point.reward, point.rewardError)];
    const onRight = cx < area.left + 0.62 * (area.right - area.left);
    const major = point.family === undefined;
    return html`<g class="${point.colour}"><title>${`${point.name}: reward ${words(point.reward, point.rewardError)}, KL ${words(point.kl, point.klError)} nats`}</title>
${dx > 0 && html`<line class="error" x1="${round(cx - dx)}" x2="${round(cx + dx)}" y1="${cy}" y2="${cy}"/>`}${dy > 0 && html`<line class="error" x1="${cx}" x2="${cx}" y1="${round(cy - dy)}" y2="${round(cy + dy)}"/>`}<circle cx="${cx}" cy="${cy}" r="${major ? 6 : 4}"/><text class="${major ? 'label strong' : 'label'}" x="${onRight ? cx + 11 : cx - 11}" y="${major ? cy - 9 : cy + 5}" text-anchor="${onRight ? 'start' : 'end'}">${point.name}</text></g>`;
  });
  return figure({
    title,
    description: `${points.map((p) => `${p.name}: mean reward ${words(p.reward, p.rewardError)} at KL ${words(p.kl, p.klError)} nats`).join('; ')}.`,
    area,
    kind: 'large',
    content: html`${axes(area, x, y, { x: 'KL(policy ‖ reference), nats', y: 'mean reward' })}${lines}${marks}`,
    legend:
      families.length > 0
        ? legend(
            families.map((name) => ({
              name,
              colour: points.find(({ family }) => family === name)?.colour ?? 'other',
            })),
          )
        : undefined,
    table: {
      head: ['policy', 'mean reward', '± standard error', 'KL, nats', '± standard error'],
      rows: points.map((p) => [p.name, number(p.reward), number(p.rewardError), number(p.kl), number(p.klError)]),
    },
  });
}

function errorPixels(axis: { at(value: number): number }, value: number, error: number | null | undefined): number {
  return Math.abs(axis.at(value + errorOrZero(error)) - axis.at(value));
}

/** An error to draw: 0 when there is none. */
function errorOrZero(error: number | null | undefined): number {
  return typeof error === 'number' && Number.isFinite(error) ? error : 0;
}
