import { DpoError } from '@dpo/base';
import { holm } from '../../inference/holm.js';
import { comparePolicies, type PolicyComparison } from '../../winrate/compare-policies.js';
import { type Conclusion, conclude } from '../../winrate/rate-interval.js';
import type { ReportData } from '../data.js';

/** Two runs that were judged on the same prompts. */
export interface ComparedRuns {
  readonly first: string;
  readonly second: string;
  readonly comparison: PolicyComparison;
  /** The sign test's p-value, adjusted by Holm for all runs of the page. */
  readonly adjustedPValue: number;
  /** What may be said of the second run beside the first. */
  readonly conclusion: Conclusion;
}

/** The first run with a win rate beside each further one, prompt by prompt. Runs that share no prompt with the first are left out. */
export function comparedRuns(runs: readonly ReportData[]): ComparedRuns[] {
  const [first, ...others] = runs.filter(({ winRate }) => winRate !== undefined);
  if (first === undefined) return [];
  const compared = others.flatMap((other) => {
    const comparison = comparisonOf(first, other);
    return comparison === undefined ? [] : [{ first: first.title, second: other.title, comparison }];
  });
  const adjusted = holm(compared.map(({ comparison }) => comparison.signs.pValue));
  return compared.map((each, i) => ({
    ...each,
    adjustedPValue: adjusted[i] as number,
    // `conclude` compares with one half; a difference is compared with 0.
    conclusion: conclude({ low: each.comparison.low + 0.5, high: each.comparison.high + 0.5 }),
  }));
}

/** Undefined when the two share no prompt. */
function comparisonOf(first: ReportData, second: ReportData): PolicyComparison | undefined {
  try {
    return comparePolicies(scoresOf(first), scoresOf(second));
  } catch (error) {
    if (DpoError.is(error, 'eval.not-paired')) return undefined;
    throw error;
  }
}

function scoresOf({ winRate }: ReportData): { readonly prompt: string; readonly score: number }[] {
  return (winRate?.cases ?? []).flatMap(({ prompt, score }) => (score === undefined ? [] : [{ prompt, score }]));
}
