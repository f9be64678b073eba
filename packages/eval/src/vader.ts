import vader from 'vader-sentiment';

/**
 * The sentiment of an English text by VADER (Hutto and Gilbert 2014): its compound score in [−1, 1], from the valences of
 * the words in a lexicon and rules for negation, degree and punctuation. 0 is neutral. Deterministic.
 *
 * The package follows an older release than Python's vaderSentiment 3.3.2 and differs from it on emoji, on "no" before a noun,
 * on "not bad", "hardly" and "without doubt", and on words with two punctuation marks behind them.
 */
export function vaderReward(text: string): number {
  return vader.SentimentIntensityAnalyzer.polarity_scores(text).compound;
}
