import { DpoError, type EncodedPair, type Text, type Tokenizer } from '@dpo/base';
import { sha256Characters } from '#sha256';
import { isChat, plainText, sameText, templateVariables } from '../rows/conversation.js';
import type { PlacedRows } from '../rows/encode-place.js';
import type { Mended } from '../rows/notes.js';
import type { PreferencePair } from '../rows/types.js';
import { encodePairs } from '../tokens/encode.js';
import { rolesInOrder } from './_roles.js';
import { BesidesTally, type SaidBesides } from './besides.js';
import { type Percentiles, percentiles, type Share, shareOf } from './inspect.js';
import { type Finding, Findings, Histogram } from './tally.js';

/** What {@link validateDataset} checks against. */
export interface ValidateOptions {
  /** The held-out pairs, whose prompts must not be among the training pairs'. */
  readonly test?: Iterable<PreferencePair> | undefined;
  /** Counts lengths in its tokens; without it they are in characters, and no cuts are known. */
  readonly tokenizer?: Tokenizer | undefined;
  /** What reading put right: counted among the warnings. */
  readonly mended?: readonly Mended[] | undefined;
  /** Most tokens of prompt and answer together, as in training. Needs `tokenizer`. */
  readonly maxLength?: number | undefined;
  /** Most tokens of a prompt, as in training. Needs `tokenizer`. */
  readonly maxPromptLength?: number | undefined;
}

/** What {@link validateDataset} found. Plain data. */
export interface Validation {
  readonly rows: number;
  readonly prompts: number;
  readonly errors: number;
  readonly warnings: number;
  /** What is wrong; `errors` and `warnings` count these kinds, not rows. */
  readonly findings: readonly Finding[];
  readonly unit: 'characters' | 'tokens';
  readonly lengths: Readonly<Record<'prompt' | 'chosen' | 'rejected', Percentiles>>;
  /** How often the chosen answer is the longer one, among pairs of unequal length, with the 95 % Wilson interval. */
  readonly chosenLonger: Share;
  /** chosen score − rejected score, where both are there. */
  readonly scoreMargins?: Percentiles & { readonly rows: number };
  /** What the chat template is told besides roles and contents, where it is. */
  readonly besides?: SaidBesides;
  /** Prompts of these pairs that are in the test set, and all prompts of the test set. */
  readonly sharedPrompts?: { readonly prompts: number; readonly of: number };
}

/** The characters from which a prompt at the head of one answer is worth a look. */
const LONG_PROMPT = 16;

/** Beyond these the whole interval of `chosenLonger` is worth a warning. */
const LENGTH_BIAS = [0.4, 0.6] as const;

/**
 * Checks preference pairs before training: identical, empty, repeated and contradictory answers, prompts shared with
 * the test set, prompts repeated in answers, replacement characters, roles out of order, lengths and what limits would cut, length bias, score
 * margins. One pass; texts are kept as hashes only.
 *
 * @throws DpoError `options.invalid` (a limit without a tokenizer, or not a positive integer), `data.no-chat-template`, those of the
 * tokenizer and its chat template, with the row
 */
export function validateDataset(
  pairs: Iterable<PreferencePair> & PlacedRows,
  options: ValidateOptions = {},
): Validation {
  checkOptions(options);
  const testPrompts = options.test === undefined ? undefined : hashedPrompts(options.test);
  const findings = new Findings();
  const prompts = new Set<string>();
  const shared = new Set<string>();
  const seen = new Set<string>();
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
    checkAnswers(pair, seen, findings, row);
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
  const besides = tally.found;
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

function asFinding({ code, message, count, rows }: Mended): Finding {
  return { code, level: 'warning', message, count, rows };
}

function checkAnswers(pair: PreferencePair, seen: Set<string>, findings: Findings, row: number): void {
  const { prompt, chosen, rejected } = pair;
  const variables = JSON.stringify(templateVariables(pair));
  if (isBlank(chosen) || isBlank(rejected)) findings.add('empty-answer', row);
  const key = hashOf(prompt, chosen, rejected, variables);
  if (seen.has(key)) findings.add('duplicate', row);
  if (sameText(chosen, rejected)) findings.add('identical-answers', row);
  else if (seen.has(hashOf(prompt, rejected, chosen, variables))) findings.add('contradiction', row);
  seen.add(key);
}

/** True for a plain text of some length with which an answer begins; short ones, and other answers, may do so by themselves. */
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
  const encoded = encode(pair, options.tokenizer, row, pairs);
  if (encoded === undefined) {
    findings.add('no-tokens', row);
    return undefined;
  }
  const { maxLength = Number.POSITIVE_INFINITY, maxPromptLength = Number.POSITIVE_INFINITY } = options;
  const [prompt, chosen, rejected] = [encoded.prompt.length, encoded.chosen.length, encoded.rejected.length];
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
  const placed = pairs.placeOf === undefined ? [pair] : Object.assign([pair], { placeOf: pairs.placeOf.bind(pairs) });
  try {
    return encodePairs(placed, tokenizer, { firstRow })[0];
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

function hashedPrompts(pairs: Iterable<PreferencePair>): Set<string> {
  const hashes = new Set<string>();
  for (const { prompt } of pairs) hashes.add(hashOf(prompt));
  return hashes;
}

/** 128 bits of SHA-256: among a billion texts two are the same by chance once in 10²¹ cases. */
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
