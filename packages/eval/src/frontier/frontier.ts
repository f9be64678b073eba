import { type Cell, cellsOf, drawCells } from './cells.js';
import { atEqualKl, type EqualKl } from './equal-kl.js';
import type { FrontierPoint } from './frontier-point.js';
import { undominated, undominatedShares } from './pareto.js';

/** A cell with how sure its place is. */
export interface FrontierCell extends Cell {
  /** Standard errors, by drawing prompts and seeds anew. */
  readonly rewardError: number;
  readonly klError: number;
  /** Whether no other trained policy, nor the start, has as much reward at as little KL. */
  readonly onFront: boolean;
  /** The share of draws in which that is so. */
  readonly undominated: number;
}

/** All points, put together and compared. */
export interface Frontier {
  readonly points: readonly FrontierPoint[];
  readonly cells: readonly FrontierCell[];
  readonly equalKl: readonly EqualKl[];
  readonly seeds: readonly number[];
  readonly draws: number;
}

/**
 * The frontier of reward against KL. Best-of-N does not compete for the Pareto front: an answer of it costs N, and its KL is a bound.
 *
 * @throws DpoError `eval.not-paired` for points of different prompts
 */
export function frontierOf(
  points: readonly FrontierPoint[],
  { draws = 1000 }: { readonly draws?: number } = {},
): Frontier {
  const cells = cellsOf(points);
  const drawn = drawCells(cells, { draws });
  const competes = cells.map(({ kind }) => kind !== 'best-of-n');
  const front = frontAmong(cells, competes);
  const shares = undominatedShares(drawn, competes);
  return {
    points,
    cells: cells.map((cell, i) => ({
      ...cell,
      rewardError: deviation(drawn.reward.map((draw) => draw[i] as number)),
      klError: deviation(drawn.kl.map((draw) => draw[i] as number)),
      onFront: front[i] as boolean,
      undominated: shares[i] as number,
    })),
    equalKl: atEqualKl(cells, drawn),
    seeds: [...new Set(points.map(({ seed }) => seed))].sort((a, b) => a - b),
    draws,
  };
}

function frontAmong(cells: readonly Cell[], competes: readonly boolean[]): boolean[] {
  const members = cells.filter((_, i) => competes[i]);
  const front = undominated(members);
  let next = 0;
  return cells.map((_, i) => (competes[i] ? (front[next++] as boolean) : false));
}

/** What rounding alone moves, by the size of the values. */
const ROUNDING = 1e-12;

function deviation(values: readonly number[]): number {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (high - low <= ROUNDING * Math.max(Math.abs(low), Math.abs(high))) return 0;
  const centre = values.reduce((sum, value) => sum + value / values.length, 0);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}
