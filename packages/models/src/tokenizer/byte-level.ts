/** How a byte-level tokenizer cuts text into words before merging. */
export interface ByteLevelOptions {
  /** `pre_tokenizer` of tokenizer.json. Default GPT-2's. */
  readonly preTokenizer?: Record<string, unknown>;
  /** `normalizer` of tokenizer.json. Default none. */
  readonly normalizer?: Record<string, unknown> | null;
  /** `post_processor` of tokenizer.json. Default one that adds nothing. */
  readonly postProcessor?: Record<string, unknown>;
  /** Tokens that are cut out of a text before words are. Default none. */
  readonly addedTokens?: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  /** Whether a word of the vocabulary is one token, whatever the merges (Llama 3). Default false. */
  readonly ignoreMerges?: boolean;
}

/** A `ByteLevel` part of tokenizer.json: pre-tokenizer, post-processor and decoder have the same form. */
export function byteLevelPart(useRegex: boolean): Record<string, unknown> {
  return { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex };
}

/**
 * The content of `tokenizer.json` for a byte-level BPE tokenizer (Radford et al. 2019). Every byte is a character of the
 * vocabulary, so that every text has tokens.
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
 * The character for each byte in a byte-level vocabulary, as in GPT-2: printable Latin-1 characters stand for themselves,
 * characters from U+0100 on for the other 68 bytes.
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
