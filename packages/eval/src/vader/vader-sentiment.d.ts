declare module 'vader-sentiment' {
  /** The part of the package that is used here: its rule for one word, which gives the word's valence in the lexicon. */
  export const SentimentIntensityAnalyzer: {
    sentiment_valence(
      valence: number,
      text: { readonly is_cap_diff: boolean; readonly words_and_emoticons: readonly string[] },
      item: string,
      index: number,
      sentiments: number[],
    ): number[];
  };
}
