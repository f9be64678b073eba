import { DpoError } from '@dpo/base';
import { estimateShare, mean, type ShareEstimate } from '../statistics.js';
import { byLength, type LengthMargins } from './by-length.js';
import { type Calibration, calibrationOf } from './calibration.js';
import { bestShare, longerShare, type ScoredComparison, weightedMargins } from './scored-comparison.js';

/** How well scores tell right answers from wrong answers. */
export interface RewardReport {
  /**
   * The share of comparisons whose best score is a right answer's, with its Wilson interval. When several answers share the best
   * score, the right answers' part of them counts: a tie of two is one half.
   */
  readonly accuracy: ShareEstimate;
  /** Comparisons in which a right and a wrong answer share the best score. */
  readonly ties: number;
  /** Mean of −log σ(s_right − s_wrong), in nats, over the comparisons, each of which is the mean over its pairs. Scores that say nothing have ln 2. */
  readonly logLoss: number;
  /** The mean of s_right − s_wrong over the comparisons. */
  readonly margin: number;
  readonly calibration: Calibration;
  /** The accuracy of a ruler that always takes the longer answer. A ruler that takes the shorter one has 1 minus that. */
  readonly lengthRuler: ShareEstimate;
  readonly byLength: LengthMargins;
  /** A report of each subset that the data name, in the order of the data. */
  readonly subsets: ReadonlyMap<string, SubsetReport>;
}

/** A report of comparisons of one subset. */
export type SubsetReport = Omit<RewardReport, 'subsets'>;

/**
 * Measures the scores of right and wrong answers: a reward model's scores, or a policy's implicit rewards.
 *
 * @throws DpoError `eval.no-values` without a comparison, `eval.bad-value` for a score that is not a finite number, or a comparison without
 *   a right or a wrong answer
 */
export function rewardReport(comparisons: readonly ScoredComparison[]): RewardReport {
  const subsets = new Map<string, ScoredComparison[]>();
  for (const comparison of comparisons) {
    const { subset } = comparison;
    if (subset === undefined) continue;
    const same = subsets.get(subset);
    if (same === undefined) subsets.set(subset, [comparison]);
    else same.push(comparison);
  }
  return {
    ...reportOf(comparisons),
    subsets: new Map([...subsets].map(([name, own]) => [name, reportOf(own)])),
  };
}

function reportOf(comparisons: readonly ScoredComparison[]): SubsetReport {
  checkScores(comparisons);
  const shares = comparisons.map((comparison) => bestShare(comparison));
  const margins = comparisons.map(weightedMargins);
  const all = margins.flat();
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  return {
    accuracy: estimateShare(total(shares), shares.length),
    ties: shares.filter((share) => share > 0 && share < 1).length,
    logLoss: mean(margins.map((own) => total(own.map(({ margin, weight }) => weight * softplus(-margin))))),
    margin: mean(margins.map((own) => total(own.map(({ margin, weight }) => weight * margin)))),
    calibration: calibrationOf(all),
    lengthRuler: estimateShare(total(comparisons.map(longerShare)), comparisons.length),
    byLength: byLength(all),
  };
}

function checkScores(comparisons: readonly ScoredComparison[]): void {
  comparisons.forEach(({ right, wrong }, i) => {
    const bad = [...right, ...wrong].find(({ score }) => !Number.isFinite(score));
    if (bad === undefined && right.length > 0 && wrong.length > 0) return;
    const what =
      bad === undefined ? 'needs a right and a wrong answer' : `has the score ${bad.score}, not a finite number`;
    throw new DpoError('eval.bad-value', `Comparison ${i} ${what}.`, {
      values: { comparison: i, right: right.length, wrong: wrong.length },
    });
  });
}

/** log(1 + e^x), without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
