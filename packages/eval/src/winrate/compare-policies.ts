import { DpoError } from '@dpo/base';
import { type SignTest, signTest } from '../inference/sign-test.js';
import { bootstrapInterval, pairedDifference } from '../statistics.js';
import { promptMeans } from './prompt-means.js';
import type { RateOptions } from './rate-interval.js';

/** Two policies that were judged against one opponent. */
export interface PolicyComparison {
  /** Win rate of the second policy minus win rate of the first, −1 to 1. */
  readonly difference: number;
  readonly standardError: number;
  readonly low: number;
  readonly high: number;
  /** Prompts on which the second policy did better, and prompts on which the first did. */
  readonly signs: SignTest;
  /** Prompts with scores of both policies, and prompts with scores of one alone. */
  readonly prompts: number;
  readonly leftOut: number;
}

/**
 * The difference of two policies' win rates against the same opponent, prompt by prompt, so that a hard prompt weighs on both
 * alike: the mean over prompts of (second − first) with the standard error of these differences and the 95 % percentiles of a
 * bootstrap over prompts. The exact sign test is on prompts with a difference.
 *
 * @throws DpoError `eval.not-paired` when the two have no prompt in common
 */
export function comparePolicies(
  first: readonly { readonly prompt: string; readonly score: number }[],
  second: readonly { readonly prompt: string; readonly score: number }[],
  options: RateOptions = {},
): PolicyComparison {
  const [ofFirst, ofSecond] = [promptMeans(first), promptMeans(second)];
  const both = [...ofFirst].flatMap(([prompt, a]) => {
    const b = ofSecond.get(prompt);
    return b === undefined ? [] : [{ a, b }];
  });
  if (both.length === 0)
    throw new DpoError('eval.not-paired', 'The two policies were judged on different prompts: they share none.', {
      values: { first: ofFirst.size, second: ofSecond.size },
      hint: 'Judge both on the same prompts, with the same prompt_id.',
    });
  const { mean: difference, standardError } = pairedDifference(
    both.map(({ a }) => a),
    both.map(({ b }) => b),
  );
  const gaps = both.map(({ a, b }) => b - a);
  return {
    difference,
    standardError,
    ...bootstrapInterval(gaps, options),
    signs: signTest(gaps.map((gap) => 0.5 + gap)),
    prompts: both.length,
    leftOut: ofFirst.size + ofSecond.size - 2 * both.length,
  };
}
