/** The mean score of each prompt, in the order in which the prompts first occur. */
export function promptMeans(
  pairs: readonly { readonly prompt: string; readonly score: number }[],
): ReadonlyMap<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { prompt, score } of pairs) {
    const { sum, count } = sums.get(prompt) ?? { sum: 0, count: 0 };
    sums.set(prompt, { sum: sum + score, count: count + 1 });
  }
  return new Map([...sums].map(([prompt, { sum, count }]) => [prompt, sum / count]));
}
