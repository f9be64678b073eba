import { continuing, wordPieceTokenizerJson } from '../tokenizer/word-piece.js';
import { addedTokensJson, type GgufVocabulary, vocabOf } from './gguf-vocabulary.js';

const beginning = '\u2581';

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
  return wordPieceTokenizerJson(vocabOf(words), {
    lowercase,
    unknownToken: unknown === undefined ? '[UNK]' : (tokens[unknown] ?? '[UNK]'),
    addedTokens: addedTokensJson(addedTokens),
  });
}
