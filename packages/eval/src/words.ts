/** How many texts hold each word at least once, as a whole word in upper or lower case. */
export function countTexts(texts: readonly string[], words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    words.map((word) => {
      const pattern = wordPattern([word]);
      // `search`, unlike `test`, does not go on from the last match.
      return [word, pattern === undefined ? 0 : texts.filter((text) => text.search(pattern) >= 0).length];
    }),
  );
}

/** Matches any of the words as a whole word, in upper or lower case; `undefined` without a word. */
export function wordPattern(words: readonly string[]): RegExp | undefined {
  const escaped = words.filter((word) => word !== '').map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (escaped.length === 0) return undefined;
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
}

/**
 * The words that grew most between two sets of texts, by the share of texts that hold them: words that a policy may be overusing.
 * Only words whose share at least doubled count, since common words grow and shrink with length and style.
 *
 * @param count how many words at most
 */
export function grownWords(
  before: readonly string[],
  after: readonly string[],
  count = 8,
): { readonly word: string; readonly before: number; readonly after: number }[] {
  const tally = (texts: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const text of texts)
      for (const word of new Set(text.toLowerCase().match(/\p{L}{3,}/gu) ?? []))
        counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
  };
  const [then, now] = [tally(before), tally(after)];
  const growth = (word: string) => (now.get(word) ?? 0) / after.length - (then.get(word) ?? 0) / before.length;
  const doubled = (word: string) => (now.get(word) ?? 0) / after.length >= (2 * (then.get(word) ?? 0)) / before.length;
  return [...now.keys()]
    .filter(doubled)
    .sort((a, b) => growth(b) - growth(a) || a.localeCompare(b))
    .slice(0, count)
    .map((word) => ({ word, before: then.get(word) ?? 0, after: now.get(word) ?? 0 }));
}
