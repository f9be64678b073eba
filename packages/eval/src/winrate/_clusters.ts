import { type Random, random } from '@dpo/base';

/** The clusters of a list: the cluster's number of each value, counted from 0 in the order in which the clusters occur. */
function clusterNumbers(names: readonly string[]): { readonly of: Int32Array; readonly count: number } {
  const numbers = new Map<string, number>();
  const of = Int32Array.from(names, (name) => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, numbers.size);
    return numbers.size - 1;
  });
  return { of, count: numbers.size };
}

/** Draws clusters with replacement, as many as there are: how often each value is drawn, in an array that is used again. */
export function clusterDraws(names: readonly string[], seed: number): () => Float64Array {
  const { of, count } = clusterNumbers(names);
  const next: Random = random(seed);
  const drawn = new Float64Array(count);
  const weights = new Float64Array(names.length);
  return () => {
    drawn.fill(0);
    for (let i = 0; i < count; i++) {
      const cluster = Math.floor(next() * count);
      drawn[cluster] = (drawn[cluster] as number) + 1;
    }
    for (let i = 0; i < of.length; i++) weights[i] = drawn[of[i] as number] as number;
    return weights;
  };
}
