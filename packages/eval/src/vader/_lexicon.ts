import { SentimentIntensityAnalyzer } from 'vader-sentiment';

/** Words whose valence vaderSentiment 3.3.2 has changed since the package's lexicon was taken from it. */
const corrections = new Map([
  ['heart', 3.2],
  ['hearts', 3.3],
  ['badass', 1.4],
  ['flawed', -2.1],
]);

/** All valences so far; undefined for words outside of the lexicon. */
const valences = new Map<string, number | undefined>(corrections);

/**
 * A word's mean valence in VADER's lexicon, from −4 to 4, or `undefined` for a word outside of the lexicon.
 *
 * The package does not export its lexicon, but its rule for a single word gives the valence. No word of the lexicon has the
 * valence 0.
 */
export function valenceOf(word: string): number | undefined {
  if (valences.has(word)) return valences.get(word);
  const alone = { is_cap_diff: false, words_and_emoticons: [word] };
  const valence = SentimentIntensityAnalyzer.sentiment_valence(0, alone, word, 0, [])[0] || undefined;
  valences.set(word, valence);
  return valence;
}
