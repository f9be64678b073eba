import { DpoError } from '@dpo/base';
import type { PreferencePair } from '../rows/types.js';
import { seededUnit } from '../select/seeded.js';

/** The functions of a model and a classifier that {@link buildImdb} needs, and its settings. */
export interface ImdbOptions {
  /** The tokens of a text, without special tokens. */
  readonly encode: (text: string) => ArrayLike<number>;
  /** The text of tokens. */
  readonly decode: (tokens: readonly number[]) => string;
  /** `count` continuations of the prefix, each without the prefix. */
  readonly sample: (prefix: string, count: number) => Promise<readonly string[]>;
  /** One score for each text (prefix and continuation): higher is better. */
  readonly score: (texts: readonly string[]) => Promise<readonly number[]>;
  /** Completions of each prefix, 2 or more. Default 4, which make 6 pairs. */
  readonly completions?: number | undefined;
  /** The least and the largest number of tokens of a prefix. Default 2 and 8. */
  readonly prefixTokens?: readonly [number, number] | undefined;
  /** Draws the lengths of prefixes. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * Pairs for controlled sentiment, as the DPO paper makes them. Each review gives a prefix of 2 to 8 tokens (its length drawn by
 * the seed and the review), 4 sampled completions, and all 6 pairs of the completions, the one with the higher score chosen.
 * Pairs with equal scores, and reviews shorter than their prefix, are left out. (Rafailov et al. 2023, section 6 and appendix
 * C.1.)
 *
 * @throws DpoError `options.invalid`; `data.wrong-count` when the sampler or the scorer returns too few or too many values, or
 * a score is not finite
 */
export async function* buildImdb(
  reviews: Iterable<string> | AsyncIterable<string>,
  options: ImdbOptions,
): AsyncGenerator<PreferencePair> {
  const { completions = 4, prefixTokens = [2, 8], seed = 0 } = options;
  const [least, most] = prefixTokens;
  if (!(Number.isInteger(completions) && completions >= 2)) throw invalid('completions', completions);
  if (!(Number.isInteger(least) && Number.isInteger(most) && 1 <= least && least <= most)) {
    throw invalid('prefixTokens', prefixTokens);
  }
  for await (const review of reviews) {
    const length = least + Math.floor(seededUnit(seed, review) * (most - least + 1));
    const tokens = Array.from(options.encode(review));
    if (tokens.length < length) continue;
    const prompt = options.decode(tokens.slice(0, length));
    const texts = await options.sample(prompt, completions);
    if (texts.length !== completions) throw wrongCount('sampler', completions, texts.length);
    const scores = await options.score(texts.map((text) => prompt + text));
    if (scores.length !== completions || !scores.every(Number.isFinite)) {
      throw wrongCount('scorer', completions, scores.filter(Number.isFinite).length);
    }
    yield* pairsOf(prompt, texts, scores);
  }
}

function* pairsOf(prompt: string, texts: readonly string[], scores: readonly number[]): Generator<PreferencePair> {
  for (let a = 0; a < texts.length; a++) {
    for (let b = a + 1; b < texts.length; b++) {
      const [scoreA, scoreB] = [scores[a] as number, scores[b] as number];
      if (scoreA === scoreB) continue;
      const [chosen, rejected] = scoreA > scoreB ? [a, b] : [b, a];
      yield {
        prompt,
        chosen: texts[chosen] as string,
        rejected: texts[rejected] as string,
        source: 'imdb',
        chosenScore: scores[chosen] as number,
        rejectedScore: scores[rejected] as number,
      };
    }
  }
}

function wrongCount(who: string, expected: number, received: number): DpoError {
  return new DpoError('data.wrong-count', `The ${who} must return ${expected} values for a prefix, not ${received}.`, {
    values: { who, expected, received },
  });
}

function invalid(name: string, value: unknown): DpoError {
  return new DpoError('options.invalid', `${name} cannot be ${String(value)}.`, { values: { [name]: value } });
}
