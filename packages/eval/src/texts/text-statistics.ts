import { type ClusteredEstimate, clusteredEstimate } from '../statistics.js';
import { distinct } from './distinct.js';
import { nGrams, type Tokens } from './n-grams.js';
import { selfBleu } from './self-bleu.js';

/** The tokens of a text that a policy drew. */
export interface DrawnTokens {
  /** The number of the text's prompt. */
  readonly index: number;
  /** The text's tokens without the end token. */
  readonly tokens: Tokens;
  /** Whether the policy ended the text; else it was cut. */
  readonly ended: boolean;
}

/** How diverse and how long texts are. Shares are from 0 to 1. */
export interface TextStatistics {
  /** Tokens of a text, without the end token. */
  readonly length: ClusteredEstimate;
  /** Share of the texts that the policy ended itself. */
  readonly ended: ClusteredEstimate;
  /** The number of tokens, of all texts together, in which distinct-n is counted. */
  readonly distinctTokens: number;
  /** Distinct-1, -2, -3 and -4; null without an n-gram. */
  readonly distinct: readonly (number | null)[];
  /** Self-BLEU, 0 to 1; null for a single text. */
  readonly selfBleu: number | null;
  /** Share of a text's 4-grams that stood in the same text before: how much the text repeats itself. Null without a 4-gram. */
  readonly repeatedFourGrams: number | null;
}

/**
 * Measures the form of texts. Two sets of texts are compared at the same `tokens`, which {@link sharedTokens} gives.
 *
 * Repeated 4-grams are 1 − |different 4-grams| / number of 4-grams, the mean over texts that have any (Welleck et al. 2019,
 * arXiv 1908.04319).
 *
 * @throws DpoError `eval.no-values` without a text
 */
export function textStatistics(texts: readonly DrawnTokens[], tokens: number): TextStatistics {
  const clusters = texts.map(({ index }) => index);
  const all = texts.map((text) => text.tokens);
  return {
    length: clusteredEstimate(
      all.map(({ length }) => length),
      clusters,
    ),
    ended: clusteredEstimate(
      texts.map(({ ended }) => Number(ended)),
      clusters,
    ),
    distinctTokens: tokens,
    distinct: [1, 2, 3, 4].map((n) => distinct(all, n, tokens) ?? null),
    selfBleu: selfBleu(all) ?? null,
    repeatedFourGrams: meanOf(all.flatMap(repeatedShare)),
  };
}

function repeatedShare(tokens: Tokens): number[] {
  const total = tokens.length - 3;
  return total < 1 ? [] : [1 - nGrams(tokens, 4).size / total];
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The most tokens that every one of several sets of texts has, at which their distinct-n may be compared. */
export function sharedTokens(...sets: readonly (readonly Pick<DrawnTokens, 'tokens'>[])[]): number {
  return Math.min(...sets.map((texts) => texts.reduce((sum, { tokens }) => sum + tokens.length, 0)));
}
