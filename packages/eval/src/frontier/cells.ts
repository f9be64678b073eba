import { DpoError, random } from '@dpo/base';
import { mean } from '../statistics.js';
import type { FrontierPoint, PointKind } from './frontier-point.js';

/** The points of all seeds at one step of one setting. */
export interface Cell {
  readonly kind: PointKind;
  readonly method: string;
  readonly setting: string;
  readonly step: number;
  /** One point to each seed. */
  readonly points: readonly FrontierPoint[];
  /** The true reward: the mean over prompts, then over seeds. */
  readonly reward: number;
  /** In nats an answer: the mean over prompts, then over seeds. */
  readonly kl: number;
}

/** The cells of points: points with the same kind, method, setting and step are one cell. Cells have the order of their first points. */
export function cellsOf(points: readonly FrontierPoint[]): Cell[] {
  const groups = new Map<string, FrontierPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.kind, point.method, point.setting, point.step]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [point]);
    else group.push(point);
  }
  return [...groups.values()].map((group) => {
    const { kind, method, setting, step } = group[0] as FrontierPoint;
    const meanOf = (key: 'reward' | 'kl') => mean(group.map(({ prompts }) => mean(prompts.map((each) => each[key]))));
    return { ...{ kind, method, setting, step }, points: group, reward: meanOf('reward'), kl: meanOf('kl') };
  });
}

/** The reward and the KL of every cell in each draw of the bootstrap: `reward[draw][cell]` and `kl[draw][cell]`. */
export interface CellDraws {
  readonly reward: readonly Float64Array[];
  readonly kl: readonly Float64Array[];
}

/**
 * The bootstrap of all cells at once. A draw takes prompts with replacement. All cells have the same prompts in a draw, since all
 * policies answer the same prompts: the difference between two cells then has no part that the prompts move in both. For each cell a
 * draw takes as many of the cell's seeds, with replacement too. With one seed only the prompts vary, and the draws do not show how much
 * another training would differ.
 *
 * Source: Davison and Hinkley 1997, sections 3.8 (clusters) and 2.3; Cameron and Miller 2015.
 *
 * @throws {DpoError} `eval.not-paired` when a point has other prompts than the first point
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
        const point = seeds[below(seeds.length)] as Columns;
        reward[c] = (reward[c] as number) + weightedSum(point.reward, weights) / seeds.length;
        kl[c] = (kl[c] as number) + weightedSum(point.kl, weights) / seeds.length;
      }
    });
    return { reward, kl };
  });
  return { reward: places.map((place) => place.reward), kl: places.map((place) => place.kl) };
}

/** A point's means, a number to each prompt. */
interface Columns {
  readonly reward: Float64Array;
  readonly kl: Float64Array;
}

function columnsOf(point: FrontierPoint, prompts: readonly number[]): Columns {
  const hasSamePrompts =
    point.prompts.length === prompts.length && point.prompts.every(({ prompt }, i) => prompt === prompts[i]);
  if (!hasSamePrompts)
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

function weightedSum(values: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * (weights[i] as number);
  return sum;
}
