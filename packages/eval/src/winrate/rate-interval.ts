import { wilson } from '@dpo/base';
import { bootstrapInterval, clusteredEstimate } from '../statistics.js';

/** A mean of scores with its error and 95 % interval, clustered by prompt. */
export interface Rate {
  readonly rate: number;
  /** NaN for a single prompt. */
  readonly standardError: number;
  readonly low: number;
  readonly high: number;
  /** `wilson` when all scores are 0 or 1 and no two are of the same prompt, else `bootstrap`. */
  readonly method: 'wilson' | 'bootstrap';
}

/** How intervals of rates are drawn. */
export interface RateOptions {
  /** Draws of the bootstrap. Default 2000. */
  readonly resamples?: number;
  /** Of the bootstrap's draws. Default 0. */
  readonly seed?: number;
}

/**
 * Mean, standard error and 95 % interval of scores from 0 to 1. Independent scores of 0 and 1 have Wilson's
 * interval. Halves, probabilities and several scores of a prompt have the percentiles of a bootstrap over whole prompts.
 *
 * @throws DpoError `eval.no-values` without a score
 */
export function rateInterval(
  scores: readonly number[],
  prompts: readonly string[],
  { resamples = 2000, seed = 0 }: RateOptions = {},
): Rate {
  const { mean: rate, standardError, clusters } = clusteredEstimate(scores, prompts);
  const isBinary = clusters === scores.length && scores.every((score): boolean => score === 0 || score === 1);
  const { low, high } = isBinary
    ? wilson(
        scores.reduce((sum, score) => sum + score, 0),
        scores.length,
      )
    : bootstrapInterval(scores, { resamples, seed, clusters: prompts });
  return { rate, standardError, low, high, method: isBinary ? 'wilson' : 'bootstrap' };
}

/** What may be said of a model beside its baseline: its whole interval lies above one half, below, or on both sides. */
export type Conclusion = 'better' | 'worse' | 'undecided';

/** What an interval says. */
export function conclude({ low, high }: Pick<Rate, 'low' | 'high'>): Conclusion {
  return low > 0.5 ? 'better' : high < 0.5 ? 'worse' : 'undecided';
}
