import { isObject } from '@dpo/base';
import type { Tokenizer as Library } from '@huggingface/tokenizers';
import type { Item } from './text-cutter.js';

/** Cuts words into the tokens of a vocabulary. */
export interface WordEncoder {
  /** The ids of words. Ids among the items stay as they are. */
  idsOf(items: readonly Item[]): number[];
  /** The ids of a word that continues the word before it. */
  idsOfContinuation(word: string): number[];
}

/** How many words have their ids in the cache, so that a word that comes again is not cut again. */
const CACHE_SIZE = 20_000;
/** Longer words hardly ever come again. */
const LONGEST = 64;

/**
 * Cuts words by the model of a tokenizer (BPE, Unigram, WordPiece, words alone), each word on its own. As in Hugging Face's
 * tokenizers, unknown characters are fused within a word alone.
 *
 * @throws {TypeError} when the library has no model.
 */
export function wordEncoder(library: Library, json: Readonly<Record<string, unknown>>): WordEncoder {
  const { model } = library;
  if (model === null) throw new TypeError('it has no model');
  const config = isObject(json.model) ? json.model : {};
  // For a model of words alone, the library looks for the unknown word in tokenizer_config.json only.
  const unknown = model.unk_token_id ?? model.tokens_to_ids.get(String(config.unk_token));
  const encode = (word: string): number[] =>
    (model._call([word]) as string[]).flatMap((token) => model.tokens_to_ids.get(token) ?? unknown ?? []);
  const cache = new Map<string, readonly number[]>();
  const idsOfWord = (word: string): readonly number[] => {
    const cachedIds = cache.get(word);
    if (cachedIds !== undefined) return cachedIds;
    const ids = encode(word);
    if (word.length > LONGEST) return ids;
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(word, ids);
    return ids;
  };
  return {
    idsOf: (items) => items.flatMap((item) => (typeof item === 'number' ? [item] : idsOfWord(item))),
    idsOfContinuation: (word) =>
      config.type === 'WordPiece'
        ? (continuationPieces(word, config, model.tokens_to_ids) ?? encode(word))
        : encode(word),
  };
}

/** The ids of a word's continuation in WordPiece: the longest piece first, each with the prefix of continuing pieces. */
function continuationPieces(
  word: string,
  config: Readonly<Record<string, unknown>>,
  vocabulary: ReadonlyMap<string, number>,
): number[] | undefined {
  const prefix = String(config.continuing_subword_prefix ?? '##');
  const characters = Array.from(word);
  const ids: number[] = [];
  let from = 0;
  while (from < characters.length) {
    let to = characters.length;
    while (to > from && !vocabulary.has(prefix + characters.slice(from, to).join(''))) to--;
    if (to === from) return undefined;
    ids.push(vocabulary.get(prefix + characters.slice(from, to).join('')) as number);
    from = to;
  }
  return ids;
}
