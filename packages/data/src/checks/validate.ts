import { DpoError, type EncodedPair, type Text, type Tokenizer } from '@dpo/base';
import { sha256Characters } from '#sha256';
import { isChat, plainText, sameText, templateVariables } from '../rows/conversation.js';
import type { PlacedRows } from '../rows/encode-place.js';
import type { Mend } from '../rows/notes.js';
import type { PreferencePair } from '../rows/types.js';
import { encodePairs } from '../tokens/encode.js';
import { rolesInOrder } from './_roles.js';
import { BesidesTally, type TemplateInputCounts } from './besides.js';
import { type Percentiles, percentiles, type Share, shareOf } from './inspect.js';
import { type Finding, Findings, Histogram } from './tally.js';

/** The options of {@link validateDataset}. */
export interface ValidateOptions {
  /** Held-out pairs, whose prompts must not be in the training pairs. */
  readonly test?: Iterable<PreferencePair> | undefined;
  /** Counts lengths in tokens. Without a tokenizer lengths are in characters, and cuts are not checked. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Faults that reading put right, which are counted among the warnings. */
  readonly mended?: readonly Mend[] | undefined;
  /** The largest number of tokens of prompt and answer together, as in training. Needs `tokenizer`. */
  readonly maxLength?: number | undefined;
  /** The largest number of tokens of a prompt, as in training. Needs `tokenizer`. */
  readonly maxPromptLength?: number | undefined;
}

/** The result of {@link validateDataset}. Plain data. */
export interface Validation {
  readonly rows: number;
  /** The number of different prompts. */
  readonly prompts: number;
  readonly errors: number;
  readonly warnings: number;
  /** The kinds of fault. `errors` and `warnings` count kinds, not rows. */
  readonly findings: readonly Finding[];
  /** The unit of lengths. */
  readonly unit: 'characters' | 'tokens';
  readonly lengths: Readonly<Record<'prompt' | 'chosen' | 'rejected', Percentiles>>;
  /** The share of pairs whose chosen answer is longer, among the pairs of unequal length, with the 95 % Wilson interval. */
  readonly chosenLonger: Share;
  /** chosen score − rejected score, of the rows that have both. */
  readonly scoreMargins?: Percentiles & { readonly rows: number };
  /** What the chat template gets besides roles and contents; absent when it gets nothing else. */
  readonly besides?: TemplateInputCounts;
  /** With a test set: the number of its prompts that the pairs have too, and the number of all its prompts. */
  readonly sharedPrompts?: { readonly prompts: number; readonly of: number };
}

/** A prompt at the head of one answer alone is reported from this many characters on. */
const LONG_PROMPT = 16;

/** Length bias is reported when the whole interval of `chosenLonger` lies below the first share or above the second. */
const LENGTH_BIAS = [0.4, 0.6] as const;

/**
 * Checks preference pairs before training: identical, empty, repeated and contradictory answers, prompts shared with the test
 * set, prompts repeated in answers, replacement characters, roles out of order, lengths and what limits would cut, length bias,
 * score margins. One pass over the pairs, which keeps texts as hashes only.
 *
 * @throws DpoError `options.invalid` (a limit without a tokenizer, or not a positive integer); with the row,
 * `data.no-chat-template` and the errors of the tokenizer and its chat template
 */
export function validateDataset(
  pairs: Iterable<PreferencePair> & PlacedRows,
  options: ValidateOptions = {},
): Validation {
  checkOptions(options);
  const testPrompts = options.test === undefined ? undefined : promptHashes(options.test);
  const findings = new Findings();
  const prompts = new Set<string>();
  const shared = new Set<string>();
  const pairHashes = new Set<string>();
  const margins: number[] = [];
  const lengths = { prompt: new Histogram(), chosen: new Histogram(), rejected: new Histogram() };
  const tally = new BesidesTally();
  let [rows, longer, unequal] = [0, 0, 0];

  for (const pair of pairs) {
    const row = rows++;
    tally.add(pair);
    const prompt = hashOf(pair.prompt);
    prompts.add(prompt);
    if (testPrompts?.has(prompt)) {
      shared.add(prompt);
      findings.add('shared-prompts', row);
    }
    checkAnswers(pair, pairHashes, findings, row);
    if (isPromptRepeated(pair)) findings.add('prompt-in-answers', row);
    if (!rolesInOrder(pair)) findings.add('roles-out-of-order', row);
    if ([pair.prompt, pair.chosen, pair.rejected].some((text) => plainText(text).includes('\ufffd'))) {
      findings.add('replacement-character', row);
    }
    if (pair.chosenScore !== undefined && pair.rejectedScore !== undefined) {
      margins.push(pair.chosenScore - pair.rejectedScore);
      if (pair.chosenScore < pair.rejectedScore) findings.add('negative-margin', row);
    }
    const sizes = sizesOf(pair, options, findings, row, pairs);
    if (sizes === undefined) continue;
    for (const part of ['prompt', 'chosen', 'rejected'] as const) lengths[part].add(sizes[part]);
    if (sizes.chosen !== sizes.rejected) unequal++;
    if (sizes.chosen > sizes.rejected) longer++;
  }

  const chosenLonger = shareOf(longer, unequal);
  const [least, most] = LENGTH_BIAS;
  if (chosenLonger.low > most || chosenLonger.high < least) {
    findings.addWhole('length-bias', Math.max(longer, unequal - longer));
  }
  const besides = tally.counts;
  const list = [...findings.list(), ...(options.mended ?? []).map(asFinding)];
  return {
    rows,
    prompts: prompts.size,
    errors: list.filter(({ level }) => level === 'error').length,
    warnings: list.filter(({ level }) => level === 'warning').length,
    findings: list,
    unit: options.tokenizer === undefined ? 'characters' : 'tokens',
    lengths: {
      prompt: lengths.prompt.percentiles(),
      chosen: lengths.chosen.percentiles(),
      rejected: lengths.rejected.percentiles(),
    },
    chosenLonger,
    ...(besides === undefined ? {} : { besides }),
    ...(margins.length === 0 ? {} : { scoreMargins: { ...percentiles(margins), rows: margins.length } }),
    ...(testPrompts === undefined ? {} : { sharedPrompts: { prompts: shared.size, of: testPrompts.size } }),
  };
}

function asFinding({ code, message, count, rows }: Mend): Finding {
  return { code, level: 'warning', message, count, rows };
}

function checkAnswers(pair: PreferencePair, pairHashes: Set<string>, findings: Findings, row: number): void {
  const { prompt, chosen, rejected } = pair;
  const variables = JSON.stringify(templateVariables(pair));
  if (isBlank(chosen) || isBlank(rejected)) findings.add('empty-answer', row);
  const key = hashOf(prompt, chosen, rejected, variables);
  if (pairHashes.has(key)) findings.add('duplicate', row);
  if (sameText(chosen, rejected)) findings.add('identical-answers', row);
  else if (pairHashes.has(hashOf(prompt, rejected, chosen, variables))) findings.add('contradiction', row);
  pairHashes.add(key);
}

/** True when both answers begin with the plain prompt, or one does and the prompt is too long for that to be chance. */
function isPromptRepeated({ prompt, chosen, rejected }: PreferencePair): boolean {
  if (isChat(prompt) || prompt.trim() === '') return false;
  const start = prompt.trim();
  const repeats = [chosen, rejected].filter((answer) => !isChat(answer) && answer.trimStart().startsWith(start));
  return repeats.length === 2 || (repeats.length === 1 && start.length >= LONG_PROMPT);
}

interface Sizes {
  readonly prompt: number;
  readonly chosen: number;
  readonly rejected: number;
}

function sizesOf(
  pair: PreferencePair,
  options: ValidateOptions,
  findings: Findings,
  row: number,
  pairs: PlacedRows,
): Sizes | undefined {
  if (options.tokenizer === undefined) {
    const size = (text: Text) => plainText(text).length;
    return { prompt: size(pair.prompt), chosen: size(pair.chosen), rejected: size(pair.rejected) };
  }
  const example = encode(pair, options.tokenizer, row, pairs);
  if (example === undefined) {
    findings.add('no-tokens', row);
    return undefined;
  }
  const { maxLength = Number.POSITIVE_INFINITY, maxPromptLength = Number.POSITIVE_INFINITY } = options;
  const [prompt, chosen, rejected] = [example.prompt.length, example.chosen.length, example.rejected.length];
  const promptTokens = Math.min(prompt, maxPromptLength);
  if (promptTokens >= maxLength) findings.add('answer-cut-away', row);
  else if (promptTokens < prompt || promptTokens + Math.max(chosen, rejected) > maxLength)
    findings.add('truncated', row);
  return { prompt, chosen, rejected };
}

function encode(
  pair: PreferencePair,
  tokenizer: Tokenizer,
  firstRow: number,
  pairs: PlacedRows,
): EncodedPair | undefined {
  const rows = pairs.placeOf === undefined ? [pair] : Object.assign([pair], { placeOf: pairs.placeOf.bind(pairs) });
  try {
    return encodePairs(rows, tokenizer, { firstRow })[0];
  } catch (error) {
    if (error instanceof DpoError && ['data.empty-prompt', 'data.empty-answer'].includes(error.code)) return undefined;
    throw error;
  }
}

function isBlank(text: Text): boolean {
  return isChat(text)
    ? text.every((message) => plainText([message]).trim() === `${message.role}:`)
    : text.trim() === '';
}

function promptHashes(pairs: Iterable<PreferencePair>): Set<string> {
  const hashes = new Set<string>();
  for (const { prompt } of pairs) hashes.add(hashOf(prompt));
  return hashes;
}

/** 128 bits of SHA-256: among a billion texts, two have the same hash by chance once in 10²¹ cases. */
function hashOf(...texts: readonly Text[]): string {
  return sha256Characters(JSON.stringify(texts)).slice(0, 16);
}

function checkOptions(options: ValidateOptions): void {
  for (const name of ['maxLength', 'maxPromptLength'] as const) {
    const value = options[name];
    if (value === undefined) continue;
    if (Number.isInteger(value) && value > 0 && options.tokenizer !== undefined) continue;
    const what = options.tokenizer === undefined ? 'needs a tokenizer' : `must be a positive integer, not ${value}`;
    throw new DpoError('options.invalid', `${name} ${what}.`, { values: { [name]: value } });
  }
}
