import { isObject, parseJsonObject } from '@dpo/base';
import { checkId } from './check-parts.js';
import { type AddedToken, addedTokenOf } from './text/added-tokens.js';

/** The special tokens of a tokenizer, which are no text. */
export interface SpecialTokens {
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly padId: number | undefined;
  /** `bos_token`, `eos_token`, …, their names in chat templates → their text. */
  readonly byRole: Readonly<Record<string, string>>;
  /** The texts of all special tokens. */
  readonly texts: ReadonlySet<string>;
}

const roles = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

/** GPT-2's token that begins, ends and separates texts. */
export const gpt2End = '<|endoftext|>';

/**
 * The special tokens of a tokenizer, from `tokenizer_config.json`, else from `special_tokens_map.json`.
 *
 * @param json the parsed `tokenizer.json`
 * @param config the parsed `tokenizer_config.json`
 * @param idOf the ids of all tokens, added tokens included
 */
export function specialTokensOf(
  files: Readonly<Record<string, string>>,
  json: Record<string, unknown>,
  config: Record<string, unknown>,
  idOf: (token: string) => number | undefined,
): SpecialTokens {
  const byRole = tokensByRole(files, config);
  const added = addedSpecials(json);
  // GPT-2's own files name no special tokens. Its tokenizer class in transformers uses this token for all of them, unless the files
  // say null.
  if (byRole.eos_token === undefined && config.eos_token !== null && added.includes(gpt2End)) {
    byRole.eos_token = gpt2End;
    byRole.bos_token ??= gpt2End;
  }
  const texts = new Set([...Object.values(byRole), ...added]);
  const id = (role: (typeof roles)[number]): number | undefined => {
    const text = byRole[role];
    return text === undefined ? undefined : idOf(text);
  };
  return { bosId: id('bos_token'), eosId: id('eos_token'), padId: id('pad_token'), byRole, texts };
}

/** `bos_token`, `eos_token`, … → their text, from `tokenizer_config.json`, else from `special_tokens_map.json`. */
export function tokensByRole(
  files: Readonly<Record<string, string>>,
  config: Record<string, unknown>,
): Record<string, string> {
  const map = parseJsonObject(files['special_tokens_map.json'] ?? '{}', 'special_tokens_map.json');
  const byRole: Record<string, string> = {};
  for (const role of roles) {
    const text = contentOf(config[role]) ?? contentOf(map[role]);
    if (text !== undefined) byRole[role] = text;
  }
  return byRole;
}

/**
 * The tokens that are cut out of a text before words are. As in transformers (`tokenization_utils_tokenizers.py`) they are the added
 * tokens of `tokenizer.json`, the tokens that `added_tokens_decoder` in `tokenizer_config.json` changes or adds, and special tokens
 * of the files that the vocabulary has.
 *
 * @param byRole the special tokens of the files: see {@link tokensByRole}
 * @param idOf the vocabulary's own ids
 * @throws {TypeError} for an impossible id.
 */
export function addedTokensOf(
  json: Record<string, unknown>,
  config: Record<string, unknown>,
  byRole: Readonly<Record<string, string>>,
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
    const ownId = tokens.get(token.content)?.id ?? idOf(token.content) ?? token.id;
    tokens.set(token.content, { ...token, id: ownId });
  }
  const extra: unknown[] = [config.extra_special_tokens, config.additional_special_tokens].flatMap((list) =>
    isObject(list) ? Object.values(list) : Array.isArray(list) ? (list as unknown[]) : [],
  );
  for (const content of [...Object.values(byRole), ...extra.map(contentOf)]) {
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

/** The text of a token. Files have its text, or an object with its text and how it is matched. */
function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  return isObject(token) && typeof token.content === 'string' ? token.content : undefined;
}

/**
 * The ids that a tokenizer puts before a prompt: those that its post-processor puts before a text. As in transformers,
 * `add_bos_token` in `tokenizer_config.json` adds the token that begins texts, or removes it.
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
