import { type EncodedPair, type ShareInterval, type Text, type Tokenizer, wilson } from '@dpo/base';
import { sha256 } from '#sha256';
import { isChat, plainText, sameText, templateVariables } from '../rows/conversation.js';
import type { PreferenceDataset, PreferencePair } from '../rows/types.js';
import { type CutSummary, cutSummary, type RowOrigin } from '../tokens/cuts.js';
import { encodePairs } from '../tokens/encode.js';
import type { EncodeOptions } from '../tokens/encode-options.js';
import { BesidesTally, type TemplateInputCounts } from './besides.js';

/** The smallest, the largest, quantiles (nearest rank, so that each is one of the numbers) and the mean of a list of numbers. */
export interface Percentiles {
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}

/** A share k / n with its 95 % confidence interval (Wilson). */
export interface Share extends ShareInterval {
  readonly count: number;
  readonly of: number;
}

/** The result of {@link inspectPreferences}. Plain data; row numbers are counted from 0. */
export interface PreferenceInspection {
  readonly rows: number;
  /** Whether the rows are plain text or conversations. */
  readonly kind: 'text' | 'chat';
  /** The number of different prompts. */
  readonly prompts: number;
  /** Rows by `source`, most frequent first. Rows without a source are not counted. */
  readonly sources: readonly { readonly source: string; readonly rows: number }[];
  /** The unit of lengths. */
  readonly unit: 'characters' | 'tokens';
  readonly lengths: { readonly prompt: Percentiles; readonly chosen: Percentiles; readonly rejected: Percentiles };
  /** Rows whose two answers are the same. */
  readonly identicalAnswers: readonly number[];
  /** Rows that repeat an earlier row's prompt, chosen and rejected. */
  readonly duplicates: readonly number[];
  /** Rows that prefer A to B while an earlier row with the same prompt prefers B to A. */
  readonly contradictions: readonly number[];
  /** The share of pairs whose chosen answer is longer, among the pairs of unequal length. One half is no bias. */
  readonly chosenLonger: Share;
  /** chosen score − rejected score, of the rows that have both. */
  readonly scoreMargins?: Percentiles & { readonly rows: number; readonly negative: number };
  /** The number of rows with both reference log-probabilities. */
  readonly referenceLogps: number;
  /** What the chat template gets besides roles and contents; absent when it gets nothing else. */
  readonly besides?: TemplateInputCounts;
  /** With a tokenizer: what `maxLength` and `maxPromptLength` would cut, and the number of rows left without an answer. */
  readonly cuts?: CutSummary & { readonly answersCutAway: number };
}

/**
 * Counts what matters before training on a dataset: lengths (in tokens with a tokenizer, else in characters), identical,
 * repeated and contradictory pairs, how often the preferred answer is the longer one, score margins.
 *
 * @throws DpoError the errors of `encodePairs`, with a tokenizer
 */
export function inspectPreferences(
  dataset: PreferenceDataset | readonly PreferencePair[],
  tokenizer?: Tokenizer,
  options: EncodeOptions = {},
): PreferenceInspection {
  const prompts = new Set<string>();
  const pairKeys = new Set<string>();
  const sources = new Map<string, number>();
  const identicalAnswers: number[] = [];
  const duplicates: number[] = [];
  const contradictions: number[] = [];
  const margins: number[] = [];
  const lengths = { prompt: [] as number[], chosen: [] as number[], rejected: [] as number[] };
  let rows = 0;
  let chat = false;
  let referenceLogps = 0;
  const tally = new BesidesTally();

  for (const pair of dataset) {
    const row = rows++;
    chat ||= isChat(pair.prompt);
    tally.add(pair);
    const promptKey = JSON.stringify([pair.prompt, templateVariables(pair)]);
    prompts.add(promptKey);
    if (pair.source !== undefined) sources.set(pair.source, (sources.get(pair.source) ?? 0) + 1);
    if (pair.chosenScore !== undefined && pair.rejectedScore !== undefined) {
      margins.push(pair.chosenScore - pair.rejectedScore);
    }
    if (pair.referenceChosenLogp !== undefined && pair.referenceRejectedLogp !== undefined) referenceLogps++;

    const key = pairKey(promptKey, pair.chosen, pair.rejected);
    if (pairKeys.has(key)) duplicates.push(row);
    if (sameText(pair.chosen, pair.rejected)) identicalAnswers.push(row);
    else if (pairKeys.has(pairKey(promptKey, pair.rejected, pair.chosen))) contradictions.push(row);
    pairKeys.add(key);

    if (tokenizer === undefined) {
      for (const part of ['prompt', 'chosen', 'rejected'] as const) lengths[part].push(plainText(pair[part]).length);
    }
  }

  const encodedPairs = tokenizer === undefined ? undefined : encodePairs(dataset, tokenizer);
  for (const pair of encodedPairs ?? []) {
    for (const part of ['prompt', 'chosen', 'rejected'] as const) lengths[part].push(pair[part].length);
  }
  const unequal = lengths.chosen.map((chosen, i) => chosen - (lengths.rejected[i] ?? 0)).filter((d) => d !== 0);

  const besides = tally.counts;
  return {
    rows,
    kind: chat ? 'chat' : 'text',
    prompts: prompts.size,
    sources: [...sources].map(([source, count]) => ({ source, rows: count })).sort((a, b) => b.rows - a.rows),
    unit: tokenizer === undefined ? 'characters' : 'tokens',
    lengths: {
      prompt: percentiles(lengths.prompt),
      chosen: percentiles(lengths.chosen),
      rejected: percentiles(lengths.rejected),
    },
    identicalAnswers,
    duplicates,
    contradictions,
    chosenLonger: shareOf(unequal.filter((d) => d > 0).length, unequal.length),
    ...(margins.length === 0
      ? {}
      : {
          scoreMargins: {
            ...percentiles(margins),
            rows: margins.length,
            negative: margins.filter((m) => m < 0).length,
          },
        }),
    referenceLogps,
    ...(besides === undefined ? {} : { besides }),
    ...(encodedPairs === undefined ? {} : { cuts: wouldCut(encodedPairs, options) }),
  };
}

function wouldCut(pairs: readonly (EncodedPair & RowOrigin)[], options: EncodeOptions) {
  const { maxLength = Number.POSITIVE_INFINITY, maxPromptLength = Number.POSITIVE_INFINITY } = options;
  let answersCutAway = 0;
  const origins = pairs.map((pair): RowOrigin => {
    const prompt = Math.min(pair.prompt.length, maxPromptLength);
    const over = (answer: Int32Array) => Math.min(answer.length, Math.max(0, prompt + answer.length - maxLength));
    if (prompt >= maxLength) answersCutAway++;
    return {
      row: pair.row,
      cut: { prompt: pair.prompt.length - prompt, chosen: over(pair.chosen), rejected: over(pair.rejected) },
    };
  });
  return { ...cutSummary(origins), answersCutAway };
}

/** Percentiles by nearest rank: the p-th is the ⌈p·n⌉-th smallest number. All are zero for an empty list. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const rank = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
  return {
    min: sorted[0] ?? 0,
    p50: rank(0.5),
    p90: rank(0.9),
    p99: rank(0.99),
    max: sorted[sorted.length - 1] ?? 0,
    mean: sorted.length === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
  };
}

/** The share `count` / `of` with its interval. */
export function shareOf(count: number, of: number): Share {
  return { count, of, ...wilson(count, of) };
}

function pairKey(prompt: string, chosen: Text, rejected: Text): string {
  return sha256()
    .update(JSON.stringify([prompt, chosen, rejected]))
    .hex();
}
