/**
 * Holm's adjustment of p-values for looking at all of them, in the order of the argument. With p sorted upwards,
 *
 *     adjusted_k = max_{j ≤ k} min(1, (m − j + 1) · p_j)
 *
 * All hypotheses whose adjusted value is at most α may be rejected, and a false one is among them with a probability of at
 * most α, however the tests depend on one another. Source: Holm 1979, Scandinavian Journal of Statistics 6.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => (pValues[a] as number) - (pValues[b] as number));
  const adjusted = pValues.map(() => 0);
  let highest = 0;
  order.forEach((index, rank) => {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * (pValues[index] as number)));
    adjusted[index] = highest;
  });
  return adjusted;
}
