import type { Collective, Variable } from '@dpo/engine';
import { elementsOf, inParts } from './in-parts.js';
import { shareLength, type WeightShare } from './weight-share.js';

/** A divided weight of which each worker has computed its share's new values. */
export interface DividedWeight {
  readonly variable: Variable;
  readonly shares: readonly WeightShare[];
  /** This worker's share. */
  readonly values: Float32Array;
}

/** Writes weights whole on every worker, from the shares of all workers. */
export async function shareWeights(collective: Collective, weights: readonly DividedWeight[]): Promise<void> {
  const { size } = collective;
  for (const part of inParts(weights, ({ variable }) => elementsOf(variable.shape))) {
    let length = 0;
    const places = part.map((weight) => {
      const at = length;
      length += shareLength(elementsOf(weight.variable.shape), size);
      return { ...weight, at };
    });
    const own = new Float32Array(length);
    for (const { values, at } of places) own.set(values, at);
    const joined = new Float32Array(length * size);
    await collective.join(own, joined);
    for (const { variable, shares, at } of places) {
      const whole = new Float32Array(elementsOf(variable.shape));
      for (const [rank, { start, length: count }] of shares.entries())
        whole.set(joined.subarray(rank * length + at, rank * length + at + count), start);
      variable.write(whole);
    }
  }
}
