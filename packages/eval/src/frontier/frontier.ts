import { type Cell, cellsOf, drawCells } from './cells.js';
import { atEqualKl, type EqualKl } from './equal-kl.js';
import type { FrontierPoint } from './frontier-point.js';
import { paretoFront, undominatedShares } from './pareto.js';

/** A cell with its standard errors and its place about the Pareto front. */
export interface FrontierCell extends Cell {
  /** The standard error of the reward: the deviation over draws of prompts and seeds. */
  readonly rewardError: number;
  /** The standard error of the KL, in nats. */
  readonly klError: number;
  /** Whether no other trained policy, nor the start, has as much reward at as little KL. */
  readonly onFront: boolean;
  /** The share of draws in which the cell is on the front. */
  readonly undominated: number;
}

/** All points of a frontier, with their cells and their comparisons. */
export interface Frontier {
  readonly points: readonly FrontierPoint[];
  readonly cells: readonly FrontierCell[];
  /** Comparisons of every two methods at equal KL. */
  readonly equalKl: readonly EqualKl[];
  /** The seeds, in rising order. */
  readonly seeds: readonly number[];
  /** The number of draws of the bootstrap. */
  readonly draws: number;
}

/**
 * The frontier of reward against KL. Best-of-N does not compete for the Pareto front, since each of its answers costs N answers and its
 * KL is a bound.
 *
 * @param points of all seeds
 * @throws {DpoError} `eval.not-paired` when two points have different prompts
 */
export function frontierOf(
  points: readonly FrontierPoint[],
  { draws = 1000 }: { readonly draws?: number } = {},
): Frontier {
  const cells = cellsOf(points);
  const cellDraws = drawCells(cells, { draws });
  const isCompetitor = cells.map(({ kind }) => kind !== 'best-of-n');
  const front = frontAmong(cells, isCompetitor);
  const shares = undominatedShares(cellDraws, isCompetitor);
  return {
    points,
    cells: cells.map((cell, i) => ({
      ...cell,
      rewardError: deviation(cellDraws.reward.map((draw) => draw[i] as number)),
      klError: deviation(cellDraws.kl.map((draw) => draw[i] as number)),
      onFront: front[i] as boolean,
      undominated: shares[i] as number,
    })),
    equalKl: atEqualKl(cells, cellDraws),
    seeds: [...new Set(points.map(({ seed }) => seed))].sort((a, b) => a - b),
    draws,
  };
}

/** Whether each cell is on the front among the cells that compete; false for the other cells. */
function frontAmong(cells: readonly Cell[], isCompetitor: readonly boolean[]): boolean[] {
  const competitors = cells.filter((_, i) => isCompetitor[i]);
  const front = paretoFront(competitors);
  let next = 0;
  return cells.map((_, i) => (isCompetitor[i] ? (front[next++] as boolean) : false));
}

/** A relative spread that rounding alone can cause. */
const ROUNDING = 1e-12;

function deviation(values: readonly number[]): number {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (high - low <= ROUNDING * Math.max(Math.abs(low), Math.abs(high))) return 0;
  const centre = values.reduce((sum, value) => sum + value / values.length, 0);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}
