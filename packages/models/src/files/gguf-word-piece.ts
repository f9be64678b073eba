import { addedTokensJson, type GgufVocabulary, vocabOf } from './gguf-vocabulary.js';

const beginning = '\u2581';
const continuing = '##';

/**
 * `tokenizer.json` of a WordPiece tokenizer (GGUF's `bert`). Where llama.cpp has marked the beginnings of words instead of
 * what continues them, that is turned back. A vocabulary without capital letters is of lower-cased text.
 */
export function ggufWordPiece({ metadata, tokens, addedTokens }: GgufVocabulary): Record<string, unknown> {
  const special = new Set(addedTokens.map(({ id }) => id));
  const marked = tokens.some((token, id) => !special.has(id) && token.startsWith(beginning));
  const words = tokens.map((token, id) => {
    if (special.has(id) || !marked) return token;
    return token.startsWith(beginning) ? token.slice(beginning.length) : continuing + token;
  });
  const lowercase = !words.some((word, id) => !special.has(id) && word !== word.toLowerCase());
  const unknown = metadata.number('tokenizer.ggml.unknown_token_id');
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokensJson(addedTokens),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: continuing, cleanup: false },
    model: {
      type: 'WordPiece',
      unk_token: unknown === undefined ? '[UNK]' : (tokens[unknown] ?? '[UNK]'),
      continuing_subword_prefix: continuing,
      max_input_chars_per_word: 100,
      vocab: vocabOf(words),
    },
  };
}
