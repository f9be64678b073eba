import { DpoError } from '@dpo/base';
import type { Cell, CellDraws } from './cells.js';
import { type Place, undominated } from './pareto.js';

/** Two methods beside each other where both are as far from the reference. */
export interface EqualKl {
  readonly method: string;
  readonly other: string;
  /** In nats. */
  readonly kl: number;
  /** What the two have there, interpolated. */
  readonly reward: number;
  readonly otherReward: number;
  /** reward − otherReward, with the interval that holds 95 % of the draws. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** Where methods are compared, in nats. */
const GRID = [0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/** Draws in which a place lies between a method's points, at least. */
const ENOUGH = 0.9;

/**
 * The reward at a KL, on the straight line between the two places around it; undefined where no place is on one of its sides.
 *
 *     r(k) = r_a + (r_b − r_a) · (k − k_a) / (k_b − k_a)        k_a ≤ k ≤ k_b
 *
 * @param places in any order
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
 * Every two methods at equal KL, wherever both have points on both sides of it. A method's curve joins those of its cells that
 * none of its own dominates; which ones they are is settled on all prompts, before the draws. Where no mark of the grid lies
 * between points of both in nearly every draw, the two are compared in the middle of their overlap.
 *
 * @throws DpoError `eval.not-paired` where the draws are of other cells
 */
export function atEqualKl(cells: readonly Cell[], draws: CellDraws): EqualKl[] {
  if ((draws.reward[0]?.length ?? cells.length) !== cells.length)
    throw new DpoError('eval.not-paired', 'The draws are of other cells.', { values: { cells: cells.length } });
  const curves = curvesOf(cells);
  return curves.flatMap((first, i) =>
    curves.slice(i + 1).flatMap((second) => {
      const along = (kls: readonly number[]) =>
        kls.flatMap((kl) => {
          const found = compare(cells, draws, [first.members, second.members], kl);
          return found === undefined ? [] : [{ method: first.method, other: second.method, kl, ...found }];
        });
      const { onGrid, middle: between } = sharedKls(cells, first.members, second.members);
      const compared = along(onGrid);
      return compared.length > 0 ? compared : along(between);
    }),
  );
}

interface Curve {
  readonly method: string;
  /** Cells by their numbers. */
  readonly members: readonly number[];
}

function curvesOf(cells: readonly Cell[]): Curve[] {
  const methods = [...new Set(cells.flatMap(({ kind, method }) => (kind === 'start' ? [] : [method])))];
  return methods.map((method) => {
    const own = cells.flatMap((cell, i) => (cell.method === method && cell.kind !== 'start' ? [i] : []));
    const front = undominated(own.map((i) => cells[i] as Cell));
    return { method, members: own.filter((_, k) => front[k]) };
  });
}

/** The marks of the grid that lie between points of both, and the middle of that range. */
function sharedKls(cells: readonly Cell[], first: readonly number[], second: readonly number[]) {
  const kls = (members: readonly number[]) => members.map((i) => (cells[i] as Cell).kl);
  const [a, b] = [kls(first), kls(second)];
  const low = Math.max(Math.min(...a), Math.min(...b));
  const high = Math.min(Math.max(...a), Math.max(...b));
  const inside = (kl: number) => kl >= low && kl <= high;
  const half = Number(((low + high) / 2).toPrecision(2));
  return { onGrid: low < high ? GRID.filter(inside) : [], middle: low < high ? [half].filter(inside) : [] };
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
  if (differences.length < ENOUGH * draws.reward.length) return undefined;
  const { low, high } = middle(differences);
  return { reward, otherReward, difference: reward - otherReward, low, high };
}

/** The interval that holds the middle 95 %. */
function middle(values: readonly number[]): { readonly low: number; readonly high: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  return { low: at(0.025), high: at(0.975) };
}
