/** How a byte-level tokenizer cuts text into words before merging. */
export interface ByteLevelOptions {
  /** `pre_tokenizer` of tokenizer.json; GPT-2's by default. */
  readonly preTokenizer?: Record<string, unknown>;
  readonly normalizer?: Record<string, unknown> | null;
  readonly postProcessor?: Record<string, unknown>;
  readonly addedTokens?: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  /** A word that is in the vocabulary is not merged from its pieces (Llama 3). */
  readonly ignoreMerges?: boolean;
}

/** The `ByteLevel` parts of tokenizer.json, all alike. */
export function byteLevelPart(useRegex: boolean): Record<string, unknown> {
  return { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex };
}

/**
 * The content of `tokenizer.json` for a byte-level BPE tokenizer (Radford et al. 2019): every byte is a character of
 * the vocabulary, so that every text has tokens.
 *
 * @param vocab token → id
 * @param merges the merges in order of rank, `"left right"`
 */
export function byteLevelTokenizerJson(
  vocab: Readonly<Record<string, number>>,
  merges: readonly string[],
  options: ByteLevelOptions = {},
): Record<string, unknown> {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: (options.addedTokens ?? []).map(({ id, content, special }) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special,
    })),
    normalizer: options.normalizer ?? null,
    pre_tokenizer: options.preTokenizer ?? byteLevelPart(true),
    post_processor: options.postProcessor ?? byteLevelPart(true),
    decoder: byteLevelPart(true),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: options.ignoreMerges ?? false,
      vocab,
      merges,
    },
  };
}

/**
 * The character that stands for each byte in a byte-level vocabulary: printable Latin-1 characters for themselves,
 * the other 68 bytes for U+0100 onwards, as GPT-2 has it.
 */
export function byteCharacters(): readonly string[] {
  const characters: string[] = [];
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    characters.push(String.fromCharCode(printable ? byte : next++));
  }
  return characters;
}
