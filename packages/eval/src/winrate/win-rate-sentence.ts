import type { WinRateReport } from './win-rate-report.js';

/** A share in per cent with one decimal, such as `57.3 %`. */
const percents = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** An interval in per cent, such as `51.2 to 63.1 %`. */
const percentRange = ({ low, high }: { readonly low: number; readonly high: number }): string =>
  `${(100 * low).toFixed(1)} to ${percents(high)}`;

/** A distance between two shares, such as `4.4 points`. */
export const points = (share: number): string => `${(100 * share).toFixed(1)} points`;

/** Whether a rate can differ from one half by so much: at most by 50 points. */
export const canShow = (smallestDifference: number): boolean => smallestDifference <= 0.5;

/** One sentence on what may be said of a win rate, and whether the data are enough to say it. Names the judge when given. */
export function winRateSentence(report: WinRateReport, judge?: string): string {
  const { raw, conclusion, bounds, scored, smallestDifference } = report;
  if (raw === undefined || smallestDifference === undefined) return 'No verdict is usable: nothing can be said.';
  const by = judge === undefined ? '' : `, judged by ${judge}`;
  const rate = `The model wins ${percents(raw.rate)} of ${scored} ${scored === 1 ? 'pair' : 'pairs'} (95 % interval ${percentRange(raw)})${by}`;
  if (bounds.flips)
    return `${rate}, but verdicts were lost, and with other verdicts in their place the conclusion would change.`;
  if (conclusion === 'undecided')
    return canShow(smallestDifference)
      ? `${rate}: too few to say which is better, since so many prompts show ${points(smallestDifference)} and more.`
      : `${rate}: too few to say which is better.`;
  return `${rate}: the ${conclusion === 'better' ? 'model' : 'baseline'} is better.`;
}
