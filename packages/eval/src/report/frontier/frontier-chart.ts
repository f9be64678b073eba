import type { FrontierCell } from '../../frontier/frontier.js';
import { cellName } from '../../frontier/frontier-sentences.js';
import { type Area, axes, figure, round } from '../chart-frame.js';
import { number, percent, plusMinus } from '../format.js';
import { type Html, html } from '../html.js';
import { type Scale, scale } from '../scale.js';
import type { FrontierReport } from './frontier-data.js';
import { type MethodMark, markAt, markKey, methodMarks } from './method-marks.js';

const area: Area = { width: 760, height: 470, left: 62, right: 744, top: 44, bottom: 404 };
/** The share of draws from which a point's ring is drawn whole. */
const SURE = 0.95;

/**
 * Reward against KL: a mark to each cell with its errors, the checkpoints of a setting joined, and a ring around those that no other
 * one dominates. A mark leads to its answers, and shows them beneath while it is pointed at: no script is needed.
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
    legend: html`<p class="legend methods">${marks.map(markKey)}<span class="soft">ring: on the Pareto front; broken where under ${percent(SURE)} of draws${beyond > 0 && `; at the right edge ${number(beyond)} ${beyond === 1 ? 'point that lies' : 'points that lie'} further out`}</span></p>`,
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
 * The KL beyond which points are drawn at the edge: policies that ran away would press the others together. Three times the KL that
 * four of five cells do not pass, and never before the front's end.
 */
function farKl(cells: readonly FrontierCell[]): number {
  const sorted = cells.map(({ kl }) => kl).sort((a, b) => a - b);
  const usual = sorted[Math.floor(0.8 * (sorted.length - 1))] ?? 0;
  return Math.max(3 * usual, ...cells.filter(({ onFront }) => onFront).map(({ kl }) => kl));
}

/** A cell's place for people. */
export function placeOf({ kind, reward, rewardError, kl, klError }: FrontierCell): string {
  const told = (mean: number, standardError: number) => plusMinus({ mean, standardError });
  return `reward ${told(reward, rewardError)}, KL ${kind === 'best-of-n' ? 'at most ' : ''}${told(kl, klError)} nats`;
}

/** Steps along the front: nothing is promised between its points. */
function frontLine(cells: readonly FrontierCell[], x: Scale, y: Scale): Html | undefined {
  const front = cells.filter(({ onFront }) => onFront).sort((a, b) => a.kl - b.kl);
  if (front.length < 2) return undefined;
  const corners = front.flatMap((cell, i) => {
    const before = front[i - 1];
    return [...(before === undefined ? [] : [[cell.kl, before.reward] as const]), [cell.kl, cell.reward] as const];
  });
  return html`<polyline class="front" points="${corners.map(([kl, reward]) => `${round(x.at(kl))},${round(y.at(reward))}`).join(' ')}"/>`;
}

/** The checkpoints of a setting, in the order of their steps. */
function paths(cells: readonly FrontierCell[], x: Scale, y: Scale, markOf: (method: string) => MethodMark): Html[] {
  const keys = [
    ...new Set(cells.map(({ method, setting, kind }) => JSON.stringify([method, kind === 'best-of-n' ? '' : setting]))),
  ];
  return keys.flatMap((key) => {
    const own = cells
      .filter(({ method, setting, kind }) => JSON.stringify([method, kind === 'best-of-n' ? '' : setting]) === key)
      .sort((a, b) => a.step - b.step || a.kl - b.kl);
    const [first] = own;
    if (first === undefined || own.length < 2) return [];
    const line = own.map(({ kl, reward }) => `${round(x.at(kl))},${round(y.at(reward))}`).join(' ');
    return [html`<g class="${markOf(first.method).colour}"><polyline class="thin" points="${line}"/></g>`];
  });
}

function cellMark(cell: FrontierCell, i: number, x: Scale, y: Scale, mark: MethodMark): Html {
  const [cx, cy] = [round(x.at(cell.kl)), round(y.at(cell.reward))];
  const across = [cell.kl - cell.klError, cell.kl + cell.klError].map((kl) => round(x.at(kl)));
  const up = [cell.reward - cell.rewardError, cell.reward + cell.rewardError].map((reward) => round(y.at(reward)));
  const ring =
    cell.onFront &&
    html`<circle class="${cell.undominated >= SURE ? 'ring' : 'ring unsure'}" cx="${cx}" cy="${cy}" r="10.5"/>`;
  return html`<a class="mark-link" href="#point-${i}" id="mark-${i}"><g class="${mark.colour}"><title>${`${cellName(cell)}: ${placeOf(cell)}`}</title>
${cell.klError > 0 && html`<line class="error" x1="${across[0]}" x2="${across[1]}" y1="${cy}" y2="${cy}"/>`}<line class="error" x1="${cx}" x2="${cx}" y1="${up[0]}" y2="${up[1]}"/>${ring}${markAt(mark, cx, cy)}<circle class="reach" cx="${cx}" cy="${cy}" r="13"/></g></a>`;
}
