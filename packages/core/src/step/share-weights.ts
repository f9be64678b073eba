import type { Collective, Variable } from '@dpo/engine';
import { elementsOf, inParts } from './in-parts.js';
import { joinShares } from './weight-share.js';

/** A divided weight of which each worker has computed its share's new values. */
export interface DividedWeight {
  readonly variable: Variable;
  /** This worker's share. */
  readonly values: Float32Array;
}

/** Writes weights whole on every worker, from the shares of all workers. */
export async function shareWeights(collective: Collective, weights: readonly DividedWeight[]): Promise<void> {
  for (const part of inParts(weights, ({ variable }) => elementsOf(variable.shape))) {
    const shares = part.map(({ variable, values }) => ({ size: elementsOf(variable.shape), values }));
    for (const [i, whole] of (await joinShares(collective, shares)).entries()) part[i]?.variable.write(whole);
  }
}
