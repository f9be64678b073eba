import { DpoError } from '@dpo/base';
import { badGguf } from './gguf-cursor.js';
import { addedTokensJson, type GgufVocabulary } from './gguf-vocabulary.js';

/** The character for a space in pieces. */
const space = '\u2581';

/**
 * `tokenizer.json` of a SentencePiece tokenizer that merges pieces (GGUF's `llama`: Llama 2, Mistral, Gemma). The file has pieces
 * with scores: at each step, the two neighbours whose concatenation has the highest score are merged. With a list of merges in the
 * order of the scores, the tokenizer is byte-pair encoding. Characters without a piece become bytes.
 *
 * @throws {DpoError} `model.bad-gguf` when scores are missing, `tokenizer.unsupported` for rules of normalisation.
 */
export function ggufSentencePiece(vocabulary: GgufVocabulary): Record<string, unknown> {
  const { metadata, tokens, vocab, addedTokens } = vocabulary;
  const rules: readonly [string, boolean][] = [
    ['precompiled_charsmap', metadata.has('tokenizer.ggml.precompiled_charsmap')],
    ['remove_extra_whitespaces', metadata.flag('tokenizer.ggml.remove_extra_whitespaces') === true],
  ];
  for (const [key, isSet] of rules)
    if (isSet)
      throw new DpoError('tokenizer.unsupported', `${metadata.path}: its tokenizer has "${key}", which is not read.`, {
        values: { path: metadata.path, model: 'llama', key },
        hint: 'Take the model as a Hugging Face folder, with its tokenizer.json.',
      });
  const scores = metadata.numbers('tokenizer.ggml.scores');
  if (scores?.length !== tokens.length)
    throw badGguf(metadata.path, `it has ${tokens.length} tokens, but ${scores?.length ?? 0} scores`);
  const prefix = metadata.flag('tokenizer.ggml.add_space_prefix') ?? true;
  const unknown = metadata.number('tokenizer.ggml.unknown_token_id');
  const replace = (pattern: string, content: string) => ({ type: 'Replace', pattern: { String: pattern }, content });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokensJson(addedTokens),
    normalizer: {
      type: 'Sequence',
      normalizers: [...(prefix ? [{ type: 'Prepend', prepend: space }] : []), replace(' ', space)],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        replace(space, ' '),
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknown === undefined ? null : (tokens[unknown] ?? null),
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab,
      merges: mergesOf(vocabulary, scores),
    },
  };
}

/**
 * All pairs of pieces whose concatenation is a piece, from the highest score of that piece down. For pairs with equal scores,
 * lower ids of the left piece, then of the right piece, come first.
 */
function mergesOf({ tokens, addedTokens }: GgufVocabulary, scores: readonly number[]): [string, string][] {
  // Added tokens are cut out of a text before merging, so nothing is merged into them.
  const whole = new Set(addedTokens.map(({ id }) => id));
  // No plain object: a piece may have the name of a property that every object has.
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (!ids.has(token)) ids.set(token, id);
  const merges: { pair: [string, string]; score: number; left: number; right: number }[] = [];
  for (const [id, token] of tokens.entries()) {
    if (whole.has(id)) continue;
    let at = 0;
    for (const character of token) {
      at += character.length;
      const pair: [string, string] = [token.slice(0, at), token.slice(at)];
      const [left, right] = [ids.get(pair[0]), ids.get(pair[1])];
      if (left !== undefined && right !== undefined) merges.push({ pair, score: scores[id] as number, left, right });
    }
  }
  merges.sort((a, b) => b.score - a.score || a.left - b.left || a.right - b.right);
  return merges.map(({ pair }) => pair);
}
