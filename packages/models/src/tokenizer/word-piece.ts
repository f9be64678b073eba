/** How a WordPiece tokenizer reads texts. */
export interface WordPieceOptions {
  readonly lowercase: boolean;
  /** Leaves out accents; where it is not said, they go with capitals. */
  readonly stripAccents?: boolean | null | undefined;
  /** Each Chinese character is a word. Default true. */
  readonly chinese?: boolean | undefined;
  readonly unknownToken: string;
  readonly addedTokens: readonly Readonly<Record<string, unknown>>[];
  readonly postProcessor?: Readonly<Record<string, unknown>> | undefined;
}

/** What marks a piece that continues a word. */
export const continuing = '##';

/**
 * The content of `tokenizer.json` for a WordPiece tokenizer (BERT, arXiv 1810.04805): the longest piece first, from the
 * beginning of each word.
 *
 * @param vocab token → id
 */
export function wordPieceTokenizerJson(
  vocab: Readonly<Record<string, number>>,
  options: WordPieceOptions,
): Record<string, unknown> {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: options.addedTokens,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: options.chinese ?? true,
      strip_accents: options.stripAccents ?? null,
      lowercase: options.lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: options.postProcessor ?? null,
    decoder: { type: 'WordPiece', prefix: continuing, cleanup: false },
    model: {
      type: 'WordPiece',
      unk_token: options.unknownToken,
      continuing_subword_prefix: continuing,
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}
