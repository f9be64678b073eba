/** How a WordPiece tokenizer reads texts. */
export interface WordPieceOptions {
  /** Whether texts are lower-cased. */
  readonly lowercase: boolean;
  /** Whether accents are removed. Default as `lowercase`. */
  readonly stripAccents?: boolean | null | undefined;
  /** Whether each Chinese character is a word. Default true. */
  readonly chinese?: boolean | undefined;
  /** The token of words that the vocabulary cannot express. */
  readonly unknownToken: string;
  /** `added_tokens` of tokenizer.json. */
  readonly addedTokens: readonly Readonly<Record<string, unknown>>[];
  /** `post_processor` of tokenizer.json. Default none. */
  readonly postProcessor?: Readonly<Record<string, unknown>> | undefined;
}

/** The mark of a piece that continues a word. */
export const continuing = '##';

/**
 * The content of `tokenizer.json` for a WordPiece tokenizer (BERT, arXiv 1810.04805), which cuts words from their beginning, the
 * longest piece first.
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
