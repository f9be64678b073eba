import { isObject, parseJsonObject } from '../files/json-object.js';

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
  const map = parseJsonObject(files['special_tokens_map.json'] ?? '{}', 'special_tokens_map.json');
  const named: Record<string, string> = {};
  for (const role of roles) {
    const text = contentOf(config[role]) ?? contentOf(map[role]);
    if (text !== undefined) named[role] = text;
  }
  const added = addedSpecials(json);
  // GPT-2's own files name no special tokens: its tokenizer class in transformers knows that this one is all of them.
  if (named.eos_token === undefined && added.includes(gpt2End)) {
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
 * @param encode with and without special tokens
 */
export function bosPrefixOf(
  encode: (text: string, addSpecialTokens: boolean) => number[],
  config: Record<string, unknown>,
  bosId: number | undefined,
): readonly number[] {
  const plain = encode('a', false);
  const full = encode('a', true);
  const at = indexOfRun(full, plain);
  const prefix = at > 0 ? full.slice(0, at) : [];
  if (bosId === undefined) return prefix;
  if (config.add_bos_token === true && !prefix.includes(bosId)) return [bosId, ...prefix];
  if (config.add_bos_token === false) return prefix.filter((id) => id !== bosId);
  return prefix;
}

function indexOfRun(ids: readonly number[], run: readonly number[]): number {
  for (let start = 0; start + run.length <= ids.length; start++) {
    if (run.every((id, offset) => ids[start + offset] === id)) return start;
  }
  return -1;
}
