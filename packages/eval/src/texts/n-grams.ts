/** A text as a list of tokens: a tokenizer's numbers, or words. */
export type Tokens = readonly (number | string)[];

/** How often each n-gram occurs in a text, by a key that no other n-gram has. */
export function nGrams(tokens: Tokens, n: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const key = JSON.stringify(tokens.slice(i, i + n));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
