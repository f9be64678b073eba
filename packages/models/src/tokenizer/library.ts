import { isObject } from '@dpo/base';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { mendByteFallback } from './mend.js';
import type { AddedToken } from './text/added-tokens.js';
import { endsSoon } from './text/ends-soon.js';
import { limitTime } from './text/time-limit.js';

/** The special tokens that a tokenizer puts around a text, for instance for a classifier. */
export interface Around {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * `@huggingface/tokenizers`, which turns words into tokens and decodes. Texts are cut into words by `text/`, so the library does not
 * get these parts.
 */
export function openLibrary(json: Readonly<Record<string, unknown>>, config: Record<string, unknown>): Library {
  // The library fails when these parts are missing, although the format allows it.
  const parts = { post_processor: null, decoder: null, added_tokens: [] };
  const library = new Library({ ...parts, ...json, normalizer: null, pre_tokenizer: null }, config);
  mendByteFallback(library, json);
  return library;
}

/** Removes added tokens from the tokens of words, unless the model's own vocabulary has them. */
export function separateAddedTokens(library: Library, json: Readonly<Record<string, unknown>>): void {
  const { model } = library;
  if (model === null) throw new TypeError('it has no model');
  const vocab = isObject(json.model) ? json.model.vocab : undefined;
  const ids = isObject(vocab) ? vocab : {};
  const pieces = Array.isArray(vocab)
    ? new Map((vocab as [string, number][]).map(([piece], id) => [piece, id]))
    : undefined;
  for (const { content } of library.get_added_tokens_decoder().values()) {
    const id =
      pieces === undefined ? (Object.hasOwn(ids, content) ? (ids[content] as number) : undefined) : pieces.get(content);
    if (id === undefined) model.tokens_to_ids.delete(content);
    else model.tokens_to_ids.set(content, id);
  }
}

/** Tells the library the texts of tokens that only `tokenizer_config.json` has. */
export function nameAddedTokens(library: Library, tokens: readonly AddedToken[]): void {
  for (const { id, content } of tokens) if (library.model !== null) library.model.vocab[id] ??= content;
}

/**
 * Decoding by the library. Ids without a token have no text. Patterns that may never end are stopped.
 *
 * @throws {DpoError} from the returned function `tokenizer.endless-pattern`.
 */
export function decoderOf(
  library: Library,
  json: Readonly<Record<string, unknown>>,
): (ids: ArrayLike<number>, skipSpecialTokens: boolean) => string {
  const endless = patternsOf(json.decoder).filter((source) => !endsSoon(source));
  return (ids, skip_special_tokens) => {
    const valid = Array.from(ids).filter((id) => library.id_to_token(id) !== undefined);
    if (valid.length === 0) return '';
    const decode = () => library.decode(valid, { skip_special_tokens, clean_up_tokenization_spaces: false });
    if (endless.length === 0) return decode();
    return limitTime(valid.map((id) => library.id_to_token(id)).join(''), endless, decode);
  };
}

/** The regular expressions in a part, at any depth. */
function patternsOf(part: unknown): readonly string[] {
  if (typeof part !== 'object' || part === null) return [];
  const { Regex: own } = part as Record<string, unknown>;
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(part).flatMap(patternsOf)];
}

/** The special tokens that a post-processor puts before and after a text. */
export function aroundOf(library: Library, tokens: readonly AddedToken[]): Around {
  const { post_processor: processor, model } = library;
  if (processor === null) return { before: [], after: [] };
  const text = '\u0000';
  const { tokens: around } = processor.post_process([text], null, true);
  const special = specialIds(processor.config);
  const ids = (list: readonly string[]): number[] =>
    list.flatMap(
      (token) =>
        special.get(token) ??
        tokens.find(({ content }) => content === token)?.id ??
        model?.tokens_to_ids.get(token) ??
        [],
    );
  const at = around.indexOf(text);
  return { before: ids(around.slice(0, at)), after: ids(around.slice(at + 1)) };
}

/** The ids of `special_tokens` in a post-processor, by token. */
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
