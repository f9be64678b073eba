import { isObject } from '@dpo/base';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { mendByteFallback } from './mend.js';
import type { AddedToken } from './text/added-tokens.js';
import { endsSoon } from './text/ends-soon.js';
import { limitTime } from './text/time-limit.js';

/** Special tokens that a tokenizer puts around a text, as for a classifier. */
export interface Around {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * `@huggingface/tokenizers` for the vocabulary (words to tokens) and for decoding. How texts are cut into words is executed
 * by `text/`, so the library is not given those parts.
 */
export function openLibrary(json: Readonly<Record<string, unknown>>, config: Record<string, unknown>): Library {
  // The library reads absent parts as errors; the format lets them be absent.
  const parts = { post_processor: null, decoder: null, added_tokens: [] };
  const library = new Library({ ...parts, ...json, normalizer: null, pre_tokenizer: null }, config);
  mendByteFallback(library, json);
  return library;
}

/** Takes added tokens out of what words are cut into: in the vocabulary they have no place, or one of their own. */
export function separateAddedTokens(library: Library, json: Readonly<Record<string, unknown>>): void {
  const { model } = library;
  if (model === null) throw new TypeError('it has no model');
  const vocab = isObject(json.model) ? json.model.vocab : undefined;
  const own = isObject(vocab) ? vocab : {};
  const pieces = Array.isArray(vocab)
    ? new Map((vocab as [string, number][]).map(([piece], id) => [piece, id]))
    : undefined;
  for (const { content } of library.get_added_tokens_decoder().values()) {
    const id =
      pieces === undefined ? (Object.hasOwn(own, content) ? (own[content] as number) : undefined) : pieces.get(content);
    if (id === undefined) model.tokens_to_ids.delete(content);
    else model.tokens_to_ids.set(content, id);
  }
}

/** Lets the library know the text of tokens that only `tokenizer_config.json` has. */
export function nameAddedTokens(library: Library, tokens: readonly AddedToken[]): void {
  for (const { id, content } of tokens) if (library.model !== null) library.model.vocab[id] ??= content;
}

/** Decodes by the library. Ids that have no token have no text. Patterns that may never end are stopped. */
export function decoderOf(
  library: Library,
  json: Readonly<Record<string, unknown>>,
): (ids: ArrayLike<number>, skipSpecialTokens: boolean) => string {
  const endless = patternsOf(json.decoder).filter((source) => !endsSoon(source));
  return (ids, skip_special_tokens) => {
    const known = Array.from(ids).filter((id) => library.id_to_token(id) !== undefined);
    if (known.length === 0) return '';
    const decode = () => library.decode(known, { skip_special_tokens, clean_up_tokenization_spaces: false });
    if (endless.length === 0) return decode();
    return limitTime(known.map((id) => library.id_to_token(id)).join(''), endless, decode);
  };
}

/** The regular expressions in a part, at any depth. */
function patternsOf(part: unknown): readonly string[] {
  if (typeof part !== 'object' || part === null) return [];
  const { Regex: own } = part as Record<string, unknown>;
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(part).flatMap(patternsOf)];
}

/** What a post-processor puts before and after a text. */
export function aroundOf(library: Library, tokens: readonly AddedToken[]): Around {
  const { post_processor: processor, model } = library;
  if (processor === null) return { before: [], after: [] };
  const text = '\u0000';
  const { tokens: around } = processor.post_process([text], null, true);
  const named = specialIds(processor.config);
  const ids = (list: readonly string[]): number[] =>
    list.flatMap(
      (token) =>
        named.get(token) ??
        tokens.find(({ content }) => content === token)?.id ??
        model?.tokens_to_ids.get(token) ??
        [],
    );
  const at = around.indexOf(text);
  return { before: ids(around.slice(0, at)), after: ids(around.slice(at + 1)) };
}

/** The ids of the `special_tokens` that templates name. */
function specialIds(part: unknown): ReadonlyMap<string, readonly number[]> {
  if (!isObject(part)) return new Map();
  const inner = Array.isArray(part.processors) ? part.processors.flatMap((each) => [...specialIds(each)]) : [];
  const own = isObject(part.special_tokens)
    ? Object.entries(part.special_tokens).flatMap(([name, entry]) =>
        isObject(entry) && Array.isArray(entry.ids) ? [[name, entry.ids as number[]] as const] : [],
      )
    : [];
  return new Map([...inner, ...own]);
}
