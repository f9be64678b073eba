import { createHash } from 'node:crypto';
import { DpoError, permutation, random } from '@dpo/base';
import type { JudgedPair } from '../judges/judge.js';
import type { Question } from '../judges/questions.js';

/** Two answers that a rater is to be shown. */
export interface PlannedItem extends Question {
  /** Whether the rater has been shown the pair before, with its sides swapped. */
  readonly again: boolean;
}

export interface RaterPlanOptions {
  readonly rater: string;
  /** Pairs to be judged. Default all. */
  readonly planned?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
}

/** Others that lie between a pair and its return, at least, where there are enough. */
const DISTANCE = 20;

/** What a stream of random numbers is for. */
const SAMPLE = 1;
const ORDER = 2;
const SIDES = 3;
const AGAIN = 4;
const PLACES = 5;

/**
 * What a rater is shown, item by item, the same for the same pairs, rater and seed.
 *
 * The pairs are drawn from all at random by the seed alone, so that all raters judge the same ones and their mean stands for all.
 * Order and sides are the rater's own. A tenth of the pairs returns with sides swapped, at least half of the session or 20 other
 * pairs later: the two orders of one pair, whose consistency is the rater's. A smaller plan judges a part of a larger one's pairs,
 * with the same sides.
 *
 * @throws DpoError `human.too-few-pairs` where more are planned than there are
 */
export function planRater(pairs: readonly JudgedPair[], { rater, planned, seed = 0 }: RaterPlanOptions): PlannedItem[] {
  const count = planned ?? pairs.length;
  if (count > pairs.length)
    throw new DpoError('human.too-few-pairs', `${count} pairs are planned, but there are ${pairs.length}.`, {
      values: { planned: count, pairs: pairs.length },
      hint: `Plan at most ${pairs.length}, or give more answers.`,
    });
  const key = [seed, ...keyOf(rater)];
  const drawn = permutation(pairs.length, seed, SAMPLE).subarray(0, count);
  const originals = Array.from(permutation(count, ...key, ORDER), (at): PlannedItem => {
    const index = drawn[at] as number;
    const first = random(...key, SIDES, index)() < 0.5 ? 'model' : 'baseline';
    return { pair: pairs[index] as JudgedPair, first, repetition: 0, again: false };
  });
  const returning = returns(count, key);
  return originals.flatMap((item, i) => [
    item,
    ...(returning.get(i + 1) ?? []).map((earlier) => swapped(originals[earlier] as PlannedItem)),
  ]);
}

/** How far apart a pair and its return are: this many other pairs lie between. */
export function distanceOf(planned: number): number {
  return Math.min(DISTANCE, Math.floor(planned / 2));
}

/** Which pairs return, by the number of pairs that stand before the return. */
function returns(count: number, key: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>();
  if (count < 2) return places;
  const distance = distanceOf(count);
  const early = count - distance; // pairs that have enough others after them
  const chosen = permutation(early, ...key, AGAIN).subarray(0, Math.max(1, Math.round(count / 10)));
  const next = random(...key, PLACES);
  for (const at of chosen) {
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
