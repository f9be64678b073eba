import { nGrams, type Tokens } from './n-grams.js';

/**
 * The share of n-grams that differ, among the first tokens of all texts together:
 *
 *     distinct-n = |{ n-grams }| / number of n-grams
 *
 * The share falls with the number of tokens, so two sets of texts are compared at the same number, `tokens`: {@link cutAlike} cuts
 * the texts so that they hold as many together. N-grams do not reach from one text into another.
 *
 * Source: Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models" (arXiv 1510.03055).
 *
 * @returns undefined without an n-gram
 */
export function distinct(texts: readonly Tokens[], n: number, tokens: number): number | undefined {
  const different = new Set<string>();
  let total = 0;
  for (const text of cutAlike(texts, tokens))
    for (const [key, count] of nGrams(text, n)) {
      different.add(key);
      total += count;
    }
  return total === 0 ? undefined : different.size / total;
}

/**
 * Texts cut so that they hold so many tokens together, or whole when they hold fewer. Every text is cut at the same length, the
 * longest at which the sum is at most `tokens`. The rest of `tokens` goes to the first of the longer texts, one token to each.
 */
export function cutAlike(texts: readonly Tokens[], tokens: number): Tokens[] {
  const lengths = texts.map(({ length }) => length);
  const tokensAt = (longest: number) => lengths.reduce((sum, length) => sum + Math.min(length, longest), 0);
  let [low, high] = [0, Math.max(0, ...lengths)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (tokensAt(middle) <= tokens) low = middle;
    else high = middle - 1;
  }
  let rest = Math.max(0, tokens - tokensAt(low));
  return texts.map((text) => text.slice(0, text.length > low && rest-- > 0 ? low + 1 : low));
}
