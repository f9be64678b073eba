import { type Random, random } from '@dpo/base';

/** The number of each value's cluster, from 0 in the order in which the clusters occur, and how many clusters there are. */
function clusterNumbers(names: readonly string[]): { readonly of: Int32Array; readonly count: number } {
  const numbers = new Map<string, number>();
  const of = Int32Array.from(names, (name) => {
    const number = numbers.get(name);
    if (number !== undefined) return number;
    numbers.set(name, numbers.size);
    return numbers.size - 1;
  });
  return { of, count: numbers.size };
}

/**
 * Draws clusters with replacement, as many as there are. Each call gives how often each value is drawn, in the same array as the call
 * before.
 */
export function clusterDraws(names: readonly string[], seed: number): () => Float64Array {
  const { of, count } = clusterNumbers(names);
  const next: Random = random(seed);
  const timesDrawn = new Float64Array(count);
  const weights = new Float64Array(names.length);
  return () => {
    timesDrawn.fill(0);
    for (let i = 0; i < count; i++) {
      const cluster = Math.floor(next() * count);
      timesDrawn[cluster] = (timesDrawn[cluster] as number) + 1;
    }
    for (let i = 0; i < of.length; i++) weights[i] = timesDrawn[of[i] as number] as number;
    return weights;
  };
}
