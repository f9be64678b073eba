import { createHash } from 'node:crypto';
import { DpoError, permutation, random } from '@dpo/base';
import type { JudgedPair } from '../judges/judge.js';
import type { Question } from '../judges/questions.js';

/** Two answers that a rater is to be shown. */
export interface PlannedItem extends Question {
  /** Whether the rater has been shown the pair before, with its sides swapped. */
  readonly again: boolean;
}

/** Whose plan is made, and of how many pairs. */
export interface RaterPlanOptions {
  /** The rater's name, which order and sides depend on. */
  readonly rater: string;
  /** How many pairs are judged. Default all. */
  readonly planned?: number | undefined;
  /** Draws pairs, orders and sides. Default 0. */
  readonly seed?: number | undefined;
}

/** How many other pairs lie between a pair and its return at least, when the plan has enough. */
const DISTANCE = 20;

/** What a stream of random numbers is for: the last part of its key. */
const SAMPLE = 1;
const ORDER = 2;
const SIDES = 3;
const AGAIN = 4;
const PLACES = 5;

/**
 * What a rater is shown, item by item, the same for the same pairs, rater and seed.
 *
 * The pairs are drawn from all pairs by the seed alone, so all raters judge the same pairs, and their mean stands for all pairs.
 * Order and sides are the rater's own. A tenth of the pairs returns with sides swapped, at least 20 other pairs (or half of the
 * session) later: how often the rater says the same of both is the rater's consistency. A smaller plan judges a part of a larger
 * plan's pairs, with the same sides.
 *
 * @throws DpoError `human.too-few-pairs` when more pairs are planned than there are
 */
export function planRater(pairs: readonly JudgedPair[], { rater, planned, seed = 0 }: RaterPlanOptions): PlannedItem[] {
  const count = planned ?? pairs.length;
  if (count > pairs.length)
    throw new DpoError('human.too-few-pairs', `${count} pairs are planned, but there are ${pairs.length}.`, {
      values: { planned: count, pairs: pairs.length },
      hint: `Plan at most ${pairs.length}, or give more answers.`,
    });
  const key = [seed, ...keyOf(rater)];
  const sample = permutation(pairs.length, seed, SAMPLE).subarray(0, count);
  const originals = Array.from(permutation(count, ...key, ORDER), (at): PlannedItem => {
    const index = sample[at] as number;
    const first = random(...key, SIDES, index)() < 0.5 ? 'model' : 'baseline';
    return { pair: pairs[index] as JudgedPair, first, repetition: 0, again: false };
  });
  const returning = returns(count, key);
  return originals.flatMap((item, i) => [
    item,
    ...(returning.get(i + 1) ?? []).map((earlier) => swapped(originals[earlier] as PlannedItem)),
  ]);
}

/** How many other pairs lie between a pair and its return. */
export function distanceOf(planned: number): number {
  return Math.min(DISTANCE, Math.floor(planned / 2));
}

/** Which pairs return, by the number of pairs before the return. */
function returns(count: number, key: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>();
  if (count < 2) return places;
  const distance = distanceOf(count);
  const early = count - distance; // pairs that have enough others after them
  const returning = permutation(early, ...key, AGAIN).subarray(0, Math.max(1, Math.round(count / 10)));
  const next = random(...key, PLACES);
  for (const at of returning) {
    const soonest = at + 1 + distance;
    const place = soonest + Math.floor(next() * (count - soonest + 1));
    places.set(place, [...(places.get(place) ?? []), at]);
  }
  return places;
}

function swapped(item: PlannedItem): PlannedItem {
  return { ...item, first: item.first === 'model' ? 'baseline' : 'model', again: true };
}

/** A rater's name as integers for random streams. */
function keyOf(rater: string): readonly number[] {
  const digest = createHash('sha256').update(rater).digest();
  return [digest.readInt32LE(0), digest.readInt32LE(4)];
}
