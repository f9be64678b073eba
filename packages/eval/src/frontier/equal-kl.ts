import { DpoError } from '@dpo/base';
import { percentileInterval } from '../percentile-interval.js';
import type { Cell, CellDraws } from './cells.js';
import { type Place, paretoFront } from './pareto.js';

/** Two methods compared at the same KL. */
export interface EqualKl {
  readonly method: string;
  readonly other: string;
  /** In nats. */
  readonly kl: number;
  /** The reward of `method` at the KL, interpolated. */
  readonly reward: number;
  /** The reward of `other` at the KL, interpolated. */
  readonly otherReward: number;
  /** reward − otherReward. */
  readonly difference: number;
  /** The lower end of the difference's interval, which holds 95 % of the draws. */
  readonly low: number;
  /** The upper end of the interval. */
  readonly high: number;
}

/** The KLs at which methods are compared, in nats. */
const GRID = [0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/** The share of draws, at least, in which both methods must have points on either side of a KL. */
const ENOUGH_DRAWS = 0.9;

/**
 * The reward at a KL, on the straight line between the nearest places on either side of the KL.
 *
 *     r(k) = r_a + (r_b − r_a) · (k − k_a) / (k_b − k_a)        k_a ≤ k ≤ k_b
 *
 * @param places in any order
 * @param kl in nats
 * @returns undefined when all places are on one side of the KL
 */
export function rewardAt(places: readonly Place[], kl: number): number | undefined {
  let below: Place | undefined;
  let above: Place | undefined;
  for (const place of places) {
    if (place.kl <= kl && (below === undefined || place.kl > below.kl)) below = place;
    if (place.kl >= kl && (above === undefined || place.kl < above.kl)) above = place;
  }
  if (below === undefined || above === undefined) return undefined;
  if (above.kl === below.kl) return Math.max(above.reward, below.reward);
  return below.reward + ((above.reward - below.reward) * (kl - below.kl)) / (above.kl - below.kl);
}

/**
 * Compares every two methods at equal KL: at each KL of a grid on either side of which both methods have points in nearly every draw.
 * When the grid has no such KL, the two methods are compared in the middle of their common range.
 *
 * A method's curve joins the cells of the method that no other cell of the method dominates. These cells are chosen on all prompts,
 * before the draws.
 *
 * @throws {DpoError} `eval.not-paired` when the draws have another number of cells
 */
export function atEqualKl(cells: readonly Cell[], draws: CellDraws): EqualKl[] {
  if ((draws.reward[0]?.length ?? cells.length) !== cells.length)
    throw new DpoError(
      'eval.not-paired',
      `The draws have ${draws.reward[0]?.length} cells; ${cells.length} cells were expected.`,
      { values: { cells: cells.length } },
    );
  const curves = curvesOf(cells);
  return curves.flatMap((first, i) =>
    curves.slice(i + 1).flatMap((second) => {
      const compareAt = (kls: readonly number[]) =>
        kls.flatMap((kl) => {
          const comparison = compare(cells, draws, [first.members, second.members], kl);
          return comparison === undefined ? [] : [{ method: first.method, other: second.method, kl, ...comparison }];
        });
      const { grid, middle } = sharedKls(cells, first.members, second.members);
      const comparisons = compareAt(grid);
      return comparisons.length > 0 ? comparisons : compareAt(middle);
    }),
  );
}

interface Curve {
  readonly method: string;
  /** The numbers of the curve's cells. */
  readonly members: readonly number[];
}

function curvesOf(cells: readonly Cell[]): Curve[] {
  const methods = [...new Set(cells.flatMap(({ kind, method }) => (kind === 'start' ? [] : [method])))];
  return methods.map((method) => {
    const numbers = cells.flatMap((cell, i) => (cell.method === method && cell.kind !== 'start' ? [i] : []));
    const front = paretoFront(numbers.map((i) => cells[i] as Cell));
    return { method, members: numbers.filter((_, k) => front[k]) };
  });
}

/** The KLs of the grid that lie between points of both methods, and the middle of the common range. */
function sharedKls(cells: readonly Cell[], first: readonly number[], second: readonly number[]) {
  const kls = (members: readonly number[]) => members.map((i) => (cells[i] as Cell).kl);
  const [a, b] = [kls(first), kls(second)];
  const low = Math.max(Math.min(...a), Math.min(...b));
  const high = Math.min(Math.max(...a), Math.max(...b));
  const isShared = (kl: number) => kl >= low && kl <= high;
  const half = Number(((low + high) / 2).toPrecision(2));
  return { grid: low < high ? GRID.filter(isShared) : [], middle: low < high ? [half].filter(isShared) : [] };
}

function compare(
  cells: readonly Cell[],
  draws: CellDraws,
  [first, second]: readonly [readonly number[], readonly number[]],
  kl: number,
): Omit<EqualKl, 'method' | 'other' | 'kl'> | undefined {
  const at = (members: readonly number[], place: (i: number) => Place) => rewardAt(members.map(place), kl);
  const means = (i: number) => cells[i] as Cell;
  const [reward, otherReward] = [at(first, means), at(second, means)];
  if (reward === undefined || otherReward === undefined) return undefined;
  const differences = draws.reward.flatMap((rewards, d) => {
    const place = (i: number) => ({ reward: rewards[i] as number, kl: draws.kl[d]?.[i] as number });
    const [a, b] = [at(first, place), at(second, place)];
    return a === undefined || b === undefined ? [] : [a - b];
  });
  if (differences.length < ENOUGH_DRAWS * draws.reward.length) return undefined;
  const { low, high } = percentileInterval(differences);
  return { reward, otherReward, difference: reward - otherReward, low, high };
}
