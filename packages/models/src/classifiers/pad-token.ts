import { DpoError, isObject, parseJsonObject } from '@dpo/base';
import { namedTokens } from '../tokenizer/special-tokens.js';
import type { ModelTokenizer } from '../tokenizer/tokenizer.js';

/** A token, as its text and its id. */
export interface PadToken {
  readonly text: string;
  readonly id: number;
}

/**
 * The token that fills rows up behind texts. transformers reads a classifier's logits at the last token that is not this one: where
 * it is the one that ends texts, the logits would come from the token before the end. It is
 *
 * 1. the one that is asked for,
 * 2. else the tokenizer's own, as in TRL's RewardTrainer,
 * 3. else a special token of the vocabulary that neither begins nor ends a text: one with "pad" in its name, the unknown token,
 *    the last one.
 *
 * @param rows rows of the model's embedding
 * @throws DpoError `classifier.pad-is-end`, `classifier.unknown-pad-token`, `classifier.no-pad-token`
 */
export function padTokenOf(
  tokenizer: ModelTokenizer,
  rows: number,
  asked: string | undefined,
  where: string,
): PadToken {
  const { padTokenId, endTokenIds } = tokenizer;
  if (asked !== undefined) return checked(asked, tokenizer, rows, where);
  if (padTokenId !== undefined && padTokenId < rows && !endTokenIds.includes(padTokenId))
    return { text: tokenizer.decode([padTokenId]), id: padTokenId };
  const free = freeSpecials(tokenizer, rows);
  const { unk_token: unknown } = named(tokenizer);
  const found = free.find(({ text }) => /pad/i.test(text)) ?? free.find(({ text }) => text === unknown) ?? free.at(-1);
  if (found !== undefined) return found;
  throw new DpoError(
    'classifier.no-pad-token',
    `${where} has no token to fill rows up with: its only special tokens begin or end texts.`,
    {
      values: { path: where, ends: endTokenIds },
      hint: 'Name one by --pad-token (padToken): any token of the vocabulary with which no text ends.',
    },
  );
}

/** The tokenizer's files with another padding token. */
export function withPadToken(
  files: Readonly<Record<string, string>>,
  { text }: PadToken,
): Readonly<Record<string, string>> {
  const names = ['tokenizer_config.json', 'special_tokens_map.json'] as const;
  const changed = names.flatMap((name) => {
    if (files[name] === undefined && name !== 'tokenizer_config.json') return [];
    const json = parseJsonObject(files[name] ?? '{}', name);
    if (json.pad_token === text) return [];
    return [[name, `${JSON.stringify({ ...json, pad_token: text }, null, 2)}\n`] as const];
  });
  return { ...files, ...Object.fromEntries(changed) };
}

function checked(text: string, tokenizer: ModelTokenizer, rows: number, where: string): PadToken {
  const [id, ...more] = tokenizer.encode(text);
  if (id === undefined || more.length > 0 || id >= rows)
    throw new DpoError(
      'classifier.unknown-pad-token',
      `${JSON.stringify(text)} is no token of ${where}: it must be one token of the vocabulary.`,
      { values: { path: where, token: text }, hint: 'Name a token as the vocabulary in tokenizer.json writes it.' },
    );
  if (tokenizer.endTokenIds.includes(id))
    throw new DpoError(
      'classifier.pad-is-end',
      `${JSON.stringify(text)} ends texts of ${where}, and can therefore not be the token that fills rows up behind texts.`,
      {
        values: { path: where, token: text, id },
        hint: 'transformers reads a reward at the last token that is no padding: name a token that ends no text.',
      },
    );
  return { text, id };
}

/** Special tokens of the vocabulary that neither begin nor end a text, in the order of the file. */
function freeSpecials(tokenizer: ModelTokenizer, rows: number): readonly PadToken[] {
  const json = parseJsonObject(tokenizer.files['tokenizer.json'] ?? '{}', 'tokenizer.json');
  const { bos_token: bos, eos_token: eos } = named(tokenizer);
  const entries: readonly unknown[] = Array.isArray(json.added_tokens) ? json.added_tokens : [];
  return entries.flatMap((entry) => {
    if (!isObject(entry) || entry.special !== true) return [];
    const { content: text, id } = entry;
    if (typeof text !== 'string' || typeof id !== 'number' || id >= rows) return [];
    return text === bos || text === eos || tokenizer.endTokenIds.includes(id) ? [] : [{ text, id }];
  });
}

function named({ files }: ModelTokenizer): Record<string, string> {
  return namedTokens(files, parseJsonObject(files['tokenizer_config.json'] ?? '{}', 'tokenizer_config.json'));
}
