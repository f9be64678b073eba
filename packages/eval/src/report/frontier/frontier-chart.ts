import type { FrontierCell } from '../../frontier/frontier.js';
import { cellName } from '../../frontier/frontier-sentences.js';
import { type Area, axes, figure, round } from '../chart-frame.js';
import { number, percent, plusMinus } from '../format.js';
import { type Html, html } from '../html.js';
import { type Scale, scale } from '../scale.js';
import type { FrontierReport } from './frontier-data.js';
import { type MethodMark, markAt, markKey, methodMarks } from './method-marks.js';

const area: Area = { width: 760, height: 470, left: 62, right: 744, top: 44, bottom: 404 };
/** The share of draws from which a point's ring has no gaps. */
const SURE_SHARE = 0.95;

/**
 * The figure of reward against KL, without a script. Each cell has a mark with its errors, and the cells on the Pareto front have a ring.
 * A line joins the checkpoints of a setting. A mark is a link to its answers, and while the pointer is on the mark the answers stand
 * below the figure.
 */
export function frontierChart({ frontier }: FrontierReport): Html {
  const { cells } = frontier;
  const marks = methodMarks(frontier);
  const far = farKl(cells);
  const near = cells.filter(({ kl }) => kl <= far);
  const beyond = cells.length - near.length;
  const xs = near.flatMap(({ kl, klError }) => [kl - klError, kl + klError]);
  const ys = cells.flatMap(({ reward, rewardError }) => [reward - rewardError, reward + rewardError]);
  const whole = scale(Math.min(0, ...xs), Math.max(...xs), area.left, area.right, 8);
  const x = { ...whole, at: (kl: number) => Math.min(area.right, whole.at(kl)) };
  const y = scale(Math.min(...ys), Math.max(...ys), area.bottom, area.top, 6);
  const markOf = (method: string) => marks.find((mark) => mark.method === method) as MethodMark;
  return figure({
    title: 'Reward against KL',
    description: `${cells.map((cell) => `${cellName(cell)}: ${placeOf(cell)}`).join('; ')}.`,
    area,
    kind: 'large',
    content: html`${axes(area, x, y, { x: 'KL(policy ‖ reference), nats an answer', y: 'mean true reward' })}${frontLine(cells, x, y)}${paths(cells, x, y, markOf)}${cells.map((cell, i) => cellMark(cell, i, x, y, markOf(cell.method)))}`,
    legend: html`<p class="legend methods">${marks.map(markKey)}<span class="soft">ring: on the Pareto front; broken where under ${percent(SURE_SHARE)} of draws${beyond > 0 && `; at the right edge ${number(beyond)} ${beyond === 1 ? 'point that lies' : 'points that lie'} further out`}</span></p>`,
    table: {
      head: ['point', 'reward', '±', 'KL, nats', '±', 'undominated'],
      rows: cells.map((cell) => [
        cellName(cell),
        ...[cell.reward, cell.rewardError, cell.kl, cell.klError].map(number),
        cell.kind === 'best-of-n' ? '–' : percent(cell.undominated),
      ]),
    },
  });
}

/**
 * The KL beyond which points are drawn at the right edge, since a few policies far away would press all others together: three times
 * the KL that four of five cells do not exceed, and at least the largest KL on the front.
 */
function farKl(cells: readonly FrontierCell[]): number {
  const sorted = cells.map(({ kl }) => kl).sort((a, b) => a - b);
  const usual = sorted[Math.floor(0.8 * (sorted.length - 1))] ?? 0;
  return Math.max(3 * usual, ...cells.filter(({ onFront }) => onFront).map(({ kl }) => kl));
}

/** A cell's reward and KL for people: `reward 0.55 ± 0.02, KL 2.7 ± 0.1 nats`. */
export function placeOf({ kind, reward, rewardError, kl, klError }: FrontierCell): string {
  const klText = plusMinus({ mean: kl, standardError: klError });
  return `reward ${plusMinus({ mean: reward, standardError: rewardError })}, KL ${kind === 'best-of-n' ? 'at most ' : ''}${klText} nats`;
}

/** The front as a line of steps: between its points no higher reward was measured. */
function frontLine(cells: readonly FrontierCell[], x: Scale, y: Scale): Html | undefined {
  const front = cells.filter(({ onFront }) => onFront).sort((a, b) => a.kl - b.kl);
  if (front.length < 2) return undefined;
  const corners = front.flatMap((cell, i) => {
    const before = front[i - 1];
    return [...(before === undefined ? [] : [[cell.kl, before.reward] as const]), [cell.kl, cell.reward] as const];
  });
  return html`<polyline class="front" points="${corners.map(([kl, reward]) => `${round(x.at(kl))},${round(y.at(reward))}`).join(' ')}"/>`;
}

/** A line to each setting, through its checkpoints in the order of their steps. */
function paths(cells: readonly FrontierCell[], x: Scale, y: Scale, markOf: (method: string) => MethodMark): Html[] {
  const keys = [
    ...new Set(cells.map(({ method, setting, kind }) => JSON.stringify([method, kind === 'best-of-n' ? '' : setting]))),
  ];
  return keys.flatMap((key) => {
    const checkpoints = cells
      .filter(({ method, setting, kind }) => JSON.stringify([method, kind === 'best-of-n' ? '' : setting]) === key)
      .sort((a, b) => a.step - b.step || a.kl - b.kl);
    const [first] = checkpoints;
    if (first === undefined || checkpoints.length < 2) return [];
    const line = checkpoints.map(({ kl, reward }) => `${round(x.at(kl))},${round(y.at(reward))}`).join(' ');
    return [html`<g class="${markOf(first.method).colour}"><polyline class="thin" points="${line}"/></g>`];
  });
}

function cellMark(cell: FrontierCell, i: number, x: Scale, y: Scale, mark: MethodMark): Html {
  const [cx, cy] = [round(x.at(cell.kl)), round(y.at(cell.reward))];
  const across = [cell.kl - cell.klError, cell.kl + cell.klError].map((kl) => round(x.at(kl)));
  const up = [cell.reward - cell.rewardError, cell.reward + cell.rewardError].map((reward) => round(y.at(reward)));
  const ring =
    cell.onFront &&
    html`<circle class="${cell.undominated >= SURE_SHARE ? 'ring' : 'ring unsure'}" cx="${cx}" cy="${cy}" r="10.5"/>`;
  return html`<a class="mark-link" href="#point-${i}" id="mark-${i}"><g class="${mark.colour}"><title>${`${cellName(cell)}: ${placeOf(cell)}`}</title>
${cell.klError > 0 && html`<line class="error" x1="${across[0]}" x2="${across[1]}" y1="${cy}" y2="${cy}"/>`}<line class="error" x1="${cx}" x2="${cx}" y1="${up[0]}" y2="${up[1]}"/>${ring}${markAt(mark, cx, cy)}<circle class="reach" cx="${cx}" cy="${cy}" r="13"/></g></a>`;
}
