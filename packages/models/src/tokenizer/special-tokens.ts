import { isObject, parseJsonObject } from '@dpo/base';
import { checkId } from './check-parts.js';
import { type AddedToken, addedTokenOf } from './text/added-tokens.js';

/** The tokens of a tokenizer that are no text. */
export interface SpecialTokens {
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly padId: number | undefined;
  /** `bos_token`, `eos_token`, …: what chat templates call them → their text. */
  readonly named: Readonly<Record<string, string>>;
  /** The texts of all special tokens, the end of text among them. */
  readonly texts: ReadonlySet<string>;
}

const roles = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

/** The token that begins, ends and separates texts in GPT-2's vocabulary. */
export const gpt2End = '<|endoftext|>';

/**
 * The special tokens of a tokenizer: what `tokenizer_config.json` says, else `special_tokens_map.json`.
 *
 * @param json the parsed `tokenizer.json`
 * @param config the parsed `tokenizer_config.json`
 */
export function specialTokensOf(
  files: Readonly<Record<string, string>>,
  json: Record<string, unknown>,
  config: Record<string, unknown>,
  idOf: (token: string) => number | undefined,
): SpecialTokens {
  const named = namedTokens(files, config);
  const added = addedSpecials(json);
  // GPT-2's own files name no special tokens: its tokenizer class in transformers knows that this one is all of them. Files
  // that say null have none.
  if (named.eos_token === undefined && config.eos_token !== null && added.includes(gpt2End)) {
    named.eos_token = gpt2End;
    named.bos_token ??= gpt2End;
  }
  const texts = new Set([...Object.values(named), ...added]);
  const id = (role: (typeof roles)[number]): number | undefined => {
    const text = named[role];
    return text === undefined ? undefined : idOf(text);
  };
  return { bosId: id('bos_token'), eosId: id('eos_token'), padId: id('pad_token'), named, texts };
}

/** `bos_token`, `eos_token`, … → their text: what `tokenizer_config.json` says, else `special_tokens_map.json`. */
export function namedTokens(
  files: Readonly<Record<string, string>>,
  config: Record<string, unknown>,
): Record<string, string> {
  const map = parseJsonObject(files['special_tokens_map.json'] ?? '{}', 'special_tokens_map.json');
  const named: Record<string, string> = {};
  for (const role of roles) {
    const text = contentOf(config[role]) ?? contentOf(map[role]);
    if (text !== undefined) named[role] = text;
  }
  return named;
}

/**
 * The tokens that are found in texts before these are cut into words: those of `tokenizer.json`, those that
 * `added_tokens_decoder` in `tokenizer_config.json` describes otherwise or adds, and special tokens that the files name and
 * the vocabulary has, as transformers adds them (`tokenization_utils_tokenizers.py`).
 *
 * @param idOf the vocabulary's own ids
 */
export function addedTokensOf(
  json: Record<string, unknown>,
  config: Record<string, unknown>,
  named: Readonly<Record<string, string>>,
  idOf: (token: string) => number | undefined,
): readonly AddedToken[] {
  const tokens = new Map<string, AddedToken>();
  const entries: unknown[] = Array.isArray(json.added_tokens) ? json.added_tokens : [];
  for (const entry of entries) {
    const token = addedTokenOf(entry);
    if (token !== undefined) tokens.set(token.content, token);
  }
  const decoder = isObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {};
  for (const [id, entry] of Object.entries(decoder)) {
    const token = addedTokenOf(entry, Number(id));
    if (token === undefined) continue;
    checkId(token.content, token.id);
    const known = tokens.get(token.content)?.id ?? idOf(token.content) ?? token.id;
    tokens.set(token.content, { ...token, id: known });
  }
  const extra: unknown[] = [config.extra_special_tokens, config.additional_special_tokens].flatMap((list) =>
    isObject(list) ? Object.values(list) : Array.isArray(list) ? (list as unknown[]) : [],
  );
  for (const content of [...Object.values(named), ...extra.map(contentOf)]) {
    const id = content === undefined ? undefined : idOf(content);
    if (content === undefined || content === '' || id === undefined || tokens.has(content)) continue;
    const flags = { singleWord: false, lstrip: false, rstrip: false, normalized: false, special: true };
    tokens.set(content, { id, content, ...flags });
  }
  return [...tokens.values()];
}

function addedSpecials(json: Record<string, unknown>): string[] {
  const tokens: unknown[] = Array.isArray(json.added_tokens) ? json.added_tokens : [];
  return tokens.flatMap((token) =>
    isObject(token) && token.special === true && typeof token.content === 'string' ? [token.content] : [],
  );
}

/** A token is written as its text, or as an object with its text and how it is matched. */
function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  return isObject(token) && typeof token.content === 'string' ? token.content : undefined;
}

/**
 * What a tokenizer puts before a prompt: what its post-processor puts before a text. `add_bos_token` in
 * `tokenizer_config.json` overrules that in both directions, as in transformers.
 *
 * @param prefix the ids that the post-processor puts before a text
 */
export function bosPrefixOf(
  prefix: readonly number[],
  config: Record<string, unknown>,
  bosId: number | undefined,
): readonly number[] {
  if (bosId === undefined) return prefix;
  if (config.add_bos_token === true && !prefix.includes(bosId)) return [bosId, ...prefix];
  if (config.add_bos_token === false) return prefix.filter((id) => id !== bosId);
  return prefix;
}
