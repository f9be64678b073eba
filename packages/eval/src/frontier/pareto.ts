import type { CellDraws } from './cells.js';

/** A place in the plane: reward is to be high, KL low. */
export interface Place {
  readonly reward: number;
  readonly kl: number;
}

/** Whether a is nowhere worse than b, and somewhere better. */
export function dominates(a: Place, b: Place): boolean {
  return a.reward >= b.reward && a.kl <= b.kl && (a.reward > b.reward || a.kl < b.kl);
}

/**
 * Which places no other one dominates, in their order: the Pareto front. Two at the same place leave each other on it.
 */
export function undominated(places: readonly Place[]): boolean[] {
  const order = places.map((_, i) => i).sort((a, b) => inFront(places[a] as Place, places[b] as Place));
  const result = places.map(() => false);
  let best: Place | undefined;
  for (const i of order) {
    const place = places[i] as Place;
    const same = best !== undefined && place.kl === best.kl && place.reward === best.reward;
    if (best !== undefined && !same && place.reward <= best.reward) continue;
    result[i] = true;
    best = place;
  }
  return result;
}

/** By KL from the lowest; of two with the same, the higher reward first. */
function inFront(a: Place, b: Place): number {
  return a.kl - b.kl || b.reward - a.reward;
}

/**
 * The share of draws in which each cell is undominated among those that compete; 0 for the others. A cell far on the front has 1,
 * one that others reach by chance has something between.
 */
export function undominatedShares(draws: CellDraws, competes: readonly boolean[]): number[] {
  const counts = competes.map(() => 0);
  const members = competes.flatMap((does, i) => (does ? [i] : []));
  draws.reward.forEach((reward, d) => {
    const kl = draws.kl[d] as Float64Array;
    const front = undominated(members.map((i) => ({ reward: reward[i] as number, kl: kl[i] as number })));
    front.forEach((is, m) => {
      const i = members[m] as number;
      if (is) counts[i] = (counts[i] as number) + 1;
    });
  });
  return counts.map((count) => count / draws.reward.length);
}
