import { DpoError, random } from '@dpo/base';
import { mean } from '../statistics.js';
import type { FrontierPoint, PointKind } from './frontier-point.js';

/** What the points of all seeds at one step of one setting say together. */
export interface Cell {
  readonly kind: PointKind;
  readonly method: string;
  readonly setting: string;
  readonly step: number;
  /** A point to a seed. */
  readonly points: readonly FrontierPoint[];
  /** Means over prompts, then over seeds. */
  readonly reward: number;
  readonly kl: number;
}

/** Points of all seeds, put together by method, setting and step, in the order in which they come. */
export function cellsOf(points: readonly FrontierPoint[]): Cell[] {
  const groups = new Map<string, FrontierPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.kind, point.method, point.setting, point.step]);
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [point]);
    else own.push(point);
  }
  return [...groups.values()].map((own) => {
    const { kind, method, setting, step } = own[0] as FrontierPoint;
    const over = (of: 'reward' | 'kl') => mean(own.map(({ prompts }) => mean(prompts.map((each) => each[of]))));
    return { ...{ kind, method, setting, step }, points: own, reward: over('reward'), kl: over('kl') };
  });
}

/** The place of every cell in each draw: reward[draw][cell] and kl[draw][cell]. */
export interface CellDraws {
  readonly reward: readonly Float64Array[];
  readonly kl: readonly Float64Array[];
}

/**
 * The bootstrap of all cells at once. A draw takes prompts with replacement, the same ones for every cell, since all policies answer
 * the same prompts; and for each cell as many of its seeds with replacement. Differences between cells so keep what the cells
 * have in common. With one seed only prompts vary: how much training anew would change is unknown then.
 *
 * Source: Davison and Hinkley 1997, sections 3.8 (clusters) and 2.3; Cameron and Miller 2015.
 *
 * @throws DpoError `eval.not-paired` for points that are of other prompts than the first one
 */
export function drawCells(
  cells: readonly Cell[],
  { draws = 1000, seed = 0 }: { readonly draws?: number; readonly seed?: number } = {},
): CellDraws {
  const prompts = cells[0]?.points[0]?.prompts.map(({ prompt }) => prompt) ?? [];
  const columns = cells.map(({ points }) => points.map((point) => columnsOf(point, prompts)));
  const next = random(seed, 0xf207);
  const below = (count: number) => Math.floor(next() * count);
  const places = Array.from({ length: draws }, () => {
    const weights = new Float64Array(prompts.length);
    for (let i = 0; i < prompts.length; i++) {
      const at = below(prompts.length);
      weights[at] = (weights[at] as number) + 1 / prompts.length;
    }
    const reward = new Float64Array(cells.length);
    const kl = new Float64Array(cells.length);
    columns.forEach((seeds, c) => {
      for (let i = 0; i < seeds.length; i++) {
        const own = seeds[below(seeds.length)] as Columns;
        reward[c] = (reward[c] as number) + weighted(own.reward, weights) / seeds.length;
        kl[c] = (kl[c] as number) + weighted(own.kl, weights) / seeds.length;
      }
    });
    return { reward, kl };
  });
  return { reward: places.map((place) => place.reward), kl: places.map((place) => place.kl) };
}

/** A point's means, a number to a prompt. */
interface Columns {
  readonly reward: Float64Array;
  readonly kl: Float64Array;
}

function columnsOf(point: FrontierPoint, prompts: readonly number[]): Columns {
  const same = point.prompts.length === prompts.length && point.prompts.every(({ prompt }, i) => prompt === prompts[i]);
  if (!same)
    throw new DpoError(
      'eval.not-paired',
      `${point.method}, ${point.setting}, seed ${point.seed}, step ${point.step} was measured on other prompts than the first point.`,
      { values: { method: point.method, setting: point.setting, seed: point.seed, step: point.step } },
    );
  return {
    reward: Float64Array.from(point.prompts, ({ reward }) => reward),
    kl: Float64Array.from(point.prompts, ({ kl }) => kl),
  };
}

function weighted(values: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * (weights[i] as number);
  return sum;
}
