import type { WinRateReport } from '../../winrate/win-rate-report.js';
import { canShow, points, winRateSentence } from '../../winrate/win-rate-sentence.js';
import type { ReportData } from '../data.js';
import { number, pValue, tenths, tenthsRange } from '../format.js';
import { type Html, html } from '../html.js';
import type { WinRateEvidence } from '../win-rate-evidence.js';

/** The win rate in a sentence, and the figures behind the sentence. */
export function winRateVerdict({ winRate }: ReportData): Html | undefined {
  if (winRate === undefined) return undefined;
  const { report, judges } = winRate;
  const clear =
    report.raw !== undefined && report.conclusion !== 'undecided' && !report.bounds.flips && !isDoubted(winRate);
  const kind = !clear ? '' : report.conclusion === 'better' ? 'good' : 'bad';
  return html`<div class="verdict ${kind}"><p class="headline">${winRateSentence(report, judges.length === 1 ? judges[0] : undefined)}</p><p>${besides(winRate).join(' ')}</p></div>`;
}

/** Whether people's votes lead to another conclusion than the judge's verdicts. */
function isDoubted({ report, people }: WinRateEvidence): boolean {
  return people !== undefined && report.conclusion !== 'undecided' && people.conclusion !== report.conclusion;
}

function besides(evidence: WinRateEvidence): string[] {
  const { report, temperatures, people } = evidence;
  const { smallestDifference: smallest, lengthControl: control, bounds, panel } = report;
  const { unparsable, refused, failed } = panel.counts;
  const lostVerdicts = unparsable + refused + failed;
  return [
    ...(smallest === undefined || report.raw === undefined ? [] : [enoughSentence(report, smallest)]),
    ...(control === undefined
      ? []
      : [
          `At equal length it would be ${tenths(control.rate)} (${tenthsRange(control)})${control.extrapolates ? ', an extrapolation, since lengths hardly overlap' : ''}.`,
        ]),
    ...(lostVerdicts === 0
      ? ['No verdict was lost.']
      : [
          `${number(lostVerdicts)} verdicts were lost (${lostBy({ unparsable, refused, failed })}): whatever they would have said, the rate lies between ${tenths(bounds.worst.rate)} and ${tenths(bounds.best.rate)}.`,
        ]),
    ...(isDoubted(evidence) ? ['Mind that people’s votes do not bear this out.'] : []),
    ...(people?.corrected === undefined
      ? []
      : [
          `Corrected by people's votes on ${number(people.pairs)} pairs it is ${tenths(people.corrected.mean)} (${tenthsRange(people.corrected)}).`,
        ]),
    ...bestTemperature(temperatures),
  ];
}

/** Whether the prompts are enough for the headline, and what so many prompts can show. */
function enoughSentence({ conclusion, bounds, raw, prompts }: WinRateReport, smallest: number): string {
  const decided = conclusion !== 'undecided' && !bounds.flips;
  const few = `${number(prompts)} ${prompts === 1 ? 'prompt' : 'prompts'}`;
  const difference = `${points(smallest)} and more`;
  if (!decided)
    return canShow(smallest)
      ? `That is not enough to say so: ${few} show a win rate that is ${difference} from one half.`
      : `That is not enough to say so: ${few} can hardly show any difference.`;
  if (raw !== undefined && Math.abs(raw.rate - 0.5) >= smallest)
    return `That is enough to say so: ${few} show a win rate that is ${difference} from one half.`;
  // A difference below what the sample can show is found only when chance enlarges the difference (Gelman and Carlin 2014).
  const reliable = canShow(smallest) ? `show only ${difference} reliably` : 'can hardly show any difference';
  return `The interval excludes one half, but ${few} ${reliable}: the true difference is likely smaller than the measured difference.`;
}

function lostBy(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([why, count]) => `${number(count)} ${why}`)
    .join(', ');
}

/** The best of several temperatures, with a p-value adjusted for all, since the best is found by looking at all. */
function bestTemperature(temperatures: WinRateEvidence['temperatures']): string[] {
  const withRates = temperatures.filter(({ report }) => report.raw !== undefined);
  if (withRates.length < 2) return [];
  const best = withRates.reduce((a, b) => ((b.report.raw?.rate ?? 0) > (a.report.raw?.rate ?? 0) ? b : a));
  return [
    `The highest of ${withRates.length} temperatures is ${best.temperature ?? 'unknown'} with ${tenths(best.report.raw?.rate ?? 0)} (sign test adjusted for all of them: ${pValue(best.adjustedPValue)}).`,
  ];
}
