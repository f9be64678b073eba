import { continuing, wordPieceTokenizerJson } from '../tokenizer/word-piece.js';
import { addedTokensJson, type GgufVocabulary, vocabOf } from './gguf-vocabulary.js';

const beginning = '\u2581';

/**
 * `tokenizer.json` of a WordPiece tokenizer (GGUF's `bert`). When llama.cpp has marked the beginnings of words instead of their
 * continuations, the continuations are marked again. A vocabulary without capital letters means that texts are lower-cased.
 */
export function ggufWordPiece({ metadata, tokens, addedTokens }: GgufVocabulary): Record<string, unknown> {
  const special = new Set(addedTokens.map(({ id }) => id));
  const marksBeginnings = tokens.some((token, id) => !special.has(id) && token.startsWith(beginning));
  const words = tokens.map((token, id) => {
    if (special.has(id) || !marksBeginnings) return token;
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
