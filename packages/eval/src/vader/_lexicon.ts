import { SentimentIntensityAnalyzer } from 'vader-sentiment';

/** Words whose valence vaderSentiment 3.3.2 has changed since the package's lexicon was taken from it. */
const changed = new Map([
  ['heart', 3.2],
  ['hearts', 3.3],
  ['badass', 1.4],
  ['flawed', -2.1],
]);

const known = new Map<string, number | undefined>(changed);

/**
 * A word's mean valence in VADER's lexicon, from −4 to 4, or `undefined` for a word that is not in it.
 *
 * The package does not export its lexicon, but says a lone word's valence; no word in the lexicon has the valence 0.
 */
export function valenceOf(word: string): number | undefined {
  if (known.has(word)) return known.get(word);
  const alone = { is_cap_diff: false, words_and_emoticons: [word] };
  const valence = SentimentIntensityAnalyzer.sentiment_valence(0, alone, word, 0, [])[0] || undefined;
  known.set(word, valence);
  return valence;
}
