import { DpoError, Z_95 } from '@dpo/base';
import { mean } from '../statistics.js';

/** A judge's rate corrected by people. */
export interface PoweredEstimate {
  readonly mean: number;
  readonly standardError: number;
  readonly low: number;
  readonly high: number;
  /** How far the judge is relied upon: 0 gives people's mean alone, 1 the classical correction. */
  readonly lambda: number;
  /** Items that people judged, and items that the judge alone judged. */
  readonly labelled: number;
  readonly unlabelled: number;
}

/**
 * The mean of people's scores over all items, when people judged some items and a judge judged all:
 *
 *     θ = λ · mean_U(f) + mean_L(y − λ f)         SE² = λ² · var_U(f) / N + var_L(y − λ f) / n
 *
 * y are people's scores and f the judge's on the n items L, and on the other N items U. Whatever the judge's faults, the 95 %
 * interval holds the mean of people's scores, if L was drawn from all items at random. λ is by default the value with the
 * smallest error, cov_L(y, f) / ((1 + n/N) · var(f)), kept within 0 and 1; var(f) is over all items.
 *
 * Scores must be of different prompts. Variances divide by n − 1.
 *
 * Source: Angelopoulos et al. 2023, "Prediction-powered inference" (arXiv 2301.09633) and "PPI++" (arXiv 2311.01453, section 6).
 *
 * @param people people's scores of the items that both judged
 * @param judge the judge's scores of the same items
 * @param judgeAlone the judge's scores of the other items
 * @param options.lambda 0 to 1, instead of the value with the smallest error
 * @throws DpoError `eval.not-paired` for other numbers of scores, `eval.no-values` with fewer than two items on either side
 */
export function predictionPowered(
  people: readonly number[],
  judge: readonly number[],
  judgeAlone: readonly number[],
  options: { readonly lambda?: number } = {},
): PoweredEstimate {
  if (people.length !== judge.length)
    throw new DpoError('eval.not-paired', `Cannot pair ${people.length} votes with ${judge.length} verdicts.`, {
      values: { first: people.length, second: judge.length },
    });
  const [n, N] = [people.length, judgeAlone.length];
  if (Math.min(n, N) < 2)
    throw new DpoError('eval.no-values', `A correction needs two items on either side, not ${n} and ${N}.`, {
      values: { labelled: n, unlabelled: N },
    });
  const lambda = options.lambda ?? bestLambda(people, judge, judgeAlone);
  const rest = people.map((score, i) => score - lambda * (judge[i] as number));
  const centre = lambda * mean(judgeAlone) + mean(rest);
  const standardError = Math.sqrt((lambda ** 2 * covariance(judgeAlone, judgeAlone)) / N + covariance(rest, rest) / n);
  const reach = Z_95 * standardError;
  return { mean: centre, standardError, low: centre - reach, high: centre + reach, lambda, labelled: n, unlabelled: N };
}

function bestLambda(people: readonly number[], judge: readonly number[], judgeAlone: readonly number[]): number {
  const all = [...judge, ...judgeAlone];
  const variance = covariance(all, all);
  if (variance === 0) return 0;
  const best = covariance(people, judge) / ((1 + people.length / judgeAlone.length) * variance);
  return Math.min(1, Math.max(0, best));
}

function covariance(a: readonly number[], b: readonly number[]): number {
  const [centreA, centreB] = [mean(a), mean(b)];
  const sum = a.reduce((total, value, i) => total + (value - centreA) * ((b[i] as number) - centreB), 0);
  return sum / (a.length - 1);
}
