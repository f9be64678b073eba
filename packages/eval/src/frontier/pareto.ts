import type { CellDraws } from './cells.js';

/** A place in the plane of reward and KL in nats. High reward and low KL are better. */
export interface Place {
  readonly reward: number;
  readonly kl: number;
}

/** Whether a has at least b's reward at most at b's KL, and is better in one of the two. */
export function dominates(a: Place, b: Place): boolean {
  return a.reward >= b.reward && a.kl <= b.kl && (a.reward > b.reward || a.kl < b.kl);
}

/**
 * The Pareto front: whether each place is dominated by no other place. Of two equal places both are on the front or neither.
 *
 * @returns a boolean to each place, in the order of the places
 */
export function paretoFront(places: readonly Place[]): boolean[] {
  const order = places.map((_, i) => i).sort((a, b) => inFront(places[a] as Place, places[b] as Place));
  const result = places.map(() => false);
  let best: Place | undefined;
  for (const i of order) {
    const place = places[i] as Place;
    const isEqual = best !== undefined && place.kl === best.kl && place.reward === best.reward;
    if (best !== undefined && !isEqual && place.reward <= best.reward) continue;
    result[i] = true;
    best = place;
  }
  return result;
}

/** The order by rising KL; at equal KL the higher reward comes first. */
function inFront(a: Place, b: Place): number {
  return a.kl - b.kl || b.reward - a.reward;
}

/**
 * The share of draws in which each competing cell is on the Pareto front of the competing cells. A cell that no other one comes near has
 * 1; a cell that others match by chance has a share between 0 and 1.
 *
 * @param isCompetitor whether each cell competes
 * @returns a share to each cell; 0 for the cells that do not compete
 */
export function undominatedShares(draws: CellDraws, isCompetitor: readonly boolean[]): number[] {
  const counts = isCompetitor.map(() => 0);
  const competitors = isCompetitor.flatMap((competes, i) => (competes ? [i] : []));
  draws.reward.forEach((reward, d) => {
    const kl = draws.kl[d] as Float64Array;
    const front = paretoFront(competitors.map((i) => ({ reward: reward[i] as number, kl: kl[i] as number })));
    front.forEach((isOnFront, m) => {
      const i = competitors[m] as number;
      if (isOnFront) counts[i] = (counts[i] as number) + 1;
    });
  });
  return counts.map((count) => count / draws.reward.length);
}
