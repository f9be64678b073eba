import { DpoError, isObject, parseJsonObject } from '@dpo/base';
import { tokensByRole } from '../tokenizer/special-tokens.js';
import type { ModelTokenizer } from '../tokenizer/tokenizer.js';

/** A padding token. */
export interface PadToken {
  readonly text: string;
  readonly id: number;
}

/**
 * The padding token, which fills texts of a batch up. transformers reads a classifier's logits at the last token that is not the
 * padding token. If the padding token were a text's end token, the logits would come from the token before the end. The padding
 * token is
 *
 * 1. the one that the caller names,
 * 2. else the tokenizer's own, as in TRL's RewardTrainer,
 * 3. else a special token of the vocabulary that neither begins nor ends a text: one with "pad" in its name, the unknown token,
 *    or the last of them.
 *
 * @param vocabSize how many tokens the model's embedding has
 * @param name the text of the token that the caller names
 * @param path the folder or file, for messages
 * @throws {DpoError} `classifier.pad-is-end`, `classifier.unknown-pad-token`, `classifier.no-pad-token`.
 */
export function padTokenOf(
  tokenizer: ModelTokenizer,
  vocabSize: number,
  name: string | undefined,
  path: string,
): PadToken {
  const { padTokenId, endTokenIds } = tokenizer;
  if (name !== undefined) return tokenOf(name, tokenizer, vocabSize, path);
  if (padTokenId !== undefined && padTokenId < vocabSize && !endTokenIds.includes(padTokenId))
    return { text: tokenizer.decode([padTokenId]), id: padTokenId };
  const free = freeSpecials(tokenizer, vocabSize);
  const { unk_token: unknown } = specialTokens(tokenizer);
  const token = free.find(({ text }) => /pad/i.test(text)) ?? free.find(({ text }) => text === unknown) ?? free.at(-1);
  if (token !== undefined) return token;
  throw new DpoError(
    'classifier.no-pad-token',
    `${path} has no padding token: its only special tokens begin or end texts.`,
    {
      values: { path, ends: endTokenIds },
      hint: 'Name a padding token by padToken: any token of the vocabulary that ends no text.',
    },
  );
}

/** The tokenizer's files with another padding token; the same object when nothing changes. */
export function withPadToken(
  files: Readonly<Record<string, string>>,
  { text }: PadToken,
): Readonly<Record<string, string>> {
  const names = ['tokenizer_config.json', 'special_tokens_map.json'] as const;
  const changes = names.flatMap((name) => {
    if (files[name] === undefined && name !== 'tokenizer_config.json') return [];
    const json = parseJsonObject(files[name] ?? '{}', name);
    if (json.pad_token === text) return [];
    return [[name, `${JSON.stringify({ ...json, pad_token: text }, null, 2)}\n`] as const];
  });
  return { ...files, ...Object.fromEntries(changes) };
}

/** The padding token of a text, checked to be one token of the vocabulary that ends no text. */
function tokenOf(text: string, tokenizer: ModelTokenizer, vocabSize: number, path: string): PadToken {
  const [id, ...more] = tokenizer.encode(text);
  if (id === undefined || more.length > 0 || id >= vocabSize)
    throw new DpoError(
      'classifier.unknown-pad-token',
      `${JSON.stringify(text)} is no token of ${path}: it must be one token of the vocabulary.`,
      { values: { path, token: text }, hint: 'Name a token as the vocabulary in tokenizer.json writes it.' },
    );
  if (tokenizer.endTokenIds.includes(id))
    throw new DpoError(
      'classifier.pad-is-end',
      `${JSON.stringify(text)} ends texts of ${path}, so it cannot be the padding token.`,
      {
        values: { path, token: text, id },
        hint: 'transformers reads a reward at the last token that is no padding: name a token that ends no text.',
      },
    );
  return { text, id };
}

/** Special tokens of the vocabulary that neither begin nor end a text, in the order of the file. */
function freeSpecials(tokenizer: ModelTokenizer, vocabSize: number): readonly PadToken[] {
  const json = parseJsonObject(tokenizer.files['tokenizer.json'] ?? '{}', 'tokenizer.json');
  const { bos_token: bos, eos_token: eos } = specialTokens(tokenizer);
  const entries: readonly unknown[] = Array.isArray(json.added_tokens) ? json.added_tokens : [];
  return entries.flatMap((entry) => {
    if (!isObject(entry) || entry.special !== true) return [];
    const { content: text, id } = entry;
    if (typeof text !== 'string' || typeof id !== 'number' || id >= vocabSize) return [];
    return text === bos || text === eos || tokenizer.endTokenIds.includes(id) ? [] : [{ text, id }];
  });
}

function specialTokens({ files }: ModelTokenizer): Record<string, string> {
  return tokensByRole(files, parseJsonObject(files['tokenizer_config.json'] ?? '{}', 'tokenizer_config.json'));
}
