import { nGrams, type Tokens } from './n-grams.js';

/**
 * The share of n-grams that differ, among the first tokens of all texts together:
 *
 *     distinct-n = |{ n-grams }| / number of n-grams
 *
 * The share falls with the number of tokens that it is taken of, so two sets of texts are only compared at one number, `tokens`:
 * every text is cut at the same length, the longest at which all texts hold no more than that; what is left then goes to the first
 * texts that have more, one token each. N-grams do not reach from one text into another.
 *
 * Source: Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models" (arXiv 1510.03055).
 *
 * @returns undefined where there is no n-gram
 */
export function distinct(texts: readonly Tokens[], n: number, tokens: number): number | undefined {
  const seen = new Set<string>();
  let total = 0;
  for (const text of cutAlike(texts, tokens))
    for (const [key, count] of nGrams(text, n)) {
      seen.add(key);
      total += count;
    }
  return total === 0 ? undefined : seen.size / total;
}

/** Texts cut at one length, so that they hold so many tokens together, or all where there are fewer. */
export function cutAlike(texts: readonly Tokens[], tokens: number): Tokens[] {
  const lengths = texts.map(({ length }) => length);
  const at = (cut: number) => lengths.reduce((sum, length) => sum + Math.min(length, cut), 0);
  let [low, high] = [0, Math.max(0, ...lengths)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (at(middle) <= tokens) low = middle;
    else high = middle - 1;
  }
  let left = Math.max(0, tokens - at(low));
  return texts.map((text) => text.slice(0, text.length > low && left-- > 0 ? low + 1 : low));
}
