import { isObject } from '@dpo/base';
import type { Tokenizer as Library } from '@huggingface/tokenizers';
import type { Item } from './text-cutter.js';

/** Cuts words into the tokens of a vocabulary. */
export interface WordEncoder {
  /** The ids of words; ids in between stay as they are. */
  idsOf(items: readonly Item[]): number[];
  /** The ids of a word that goes on from the word before it. */
  idsOfContinued(word: string): number[];
}

/** Words whose ids are kept, so that a word that comes again is not cut again. */
const KEPT = 20_000;
/** Longer words do not come again. */
const LONGEST = 64;

/**
 * Cuts words by the model of a tokenizer (BPE, Unigram, WordPiece, words alone), each word on its own, as Hugging Face's
 * tokenizers do: unknown characters are fused within a word and not beyond.
 */
export function wordEncoder(library: Library, json: Readonly<Record<string, unknown>>): WordEncoder {
  const { model } = library;
  if (model === null) throw new TypeError('it has no model');
  const config = isObject(json.model) ? json.model : {};
  // The library takes the unknown word of a list of words from tokenizer_config.json.
  const unknown = model.unk_token_id ?? model.tokens_to_ids.get(String(config.unk_token));
  const encode = (word: string): number[] =>
    (model._call([word]) as string[]).flatMap((token) => model.tokens_to_ids.get(token) ?? unknown ?? []);
  const cache = new Map<string, readonly number[]>();
  const idsOfWord = (word: string): readonly number[] => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const ids = encode(word);
    if (word.length > LONGEST) return ids;
    if (cache.size >= KEPT) cache.clear();
    cache.set(word, ids);
    return ids;
  };
  return {
    idsOf: (items) => items.flatMap((item) => (typeof item === 'number' ? [item] : idsOfWord(item))),
    idsOfContinued: (word) =>
      config.type === 'WordPiece' ? (continuedPieces(word, config, model.tokens_to_ids) ?? encode(word)) : encode(word),
  };
}

/** WordPiece, from within a word: the longest piece first, each with the prefix of pieces that continue. */
function continuedPieces(
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
