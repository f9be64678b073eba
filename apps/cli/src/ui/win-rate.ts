import {
  canShow,
  points,
  smallestDifference,
  type TemperatureReport,
  type WinRateReport,
  winRateSentence,
} from '@dpo/eval';
import { percent, range, row } from './_figures.js';

/** A win rate for a terminal: the sentence first, then the figures behind it. */
export function winRateLines(report: WinRateReport): string[] {
  const lines = [winRateSentence(report), '', ...rateRows(report), ...lengthRows(report), ...judgeRows(report)];
  return lines.map((line) => line.trimEnd());
}

/** What so many prompts can show, before anything is asked. */
export function powerLine(prompts: number): string {
  const smallest = smallestDifference(prompts);
  const many = `${prompts} ${prompts === 1 ? 'prompt' : 'prompts'}`;
  if (!canShow(smallest)) return `${many} can hardly show any difference: with 8 or more there is something to say.`;
  return `${many} can show a win rate that is ${points(smallest)} and more from one half (80 % power).`;
}

/** A line to each temperature, with its p-value adjusted for all of them. Nothing where there is only one. */
export function temperatureLines(reports: readonly TemperatureReport[]): string[] {
  if (reports.length < 2) return [];
  return reports.map(({ temperature, report: { raw, scored }, adjustedPValue }) => {
    const rate = raw === undefined ? 'no verdict is usable' : `${percent(raw.rate)} of ${scored} pairs (${range(raw)})`;
    return row(`Temperature ${temperature ?? '?'}`, `${rate}; p = ${adjustedPValue.toPrecision(2)} after Holm`);
  });
}

/** Nothing for a single prompt, whose error is unknown. */
const error = (share: number): string => (Number.isNaN(share) ? '' : ` ± ${(100 * share).toFixed(1)}`);

function rateRows({ raw, bounds, signs, answeredInFull, scored, pairs, prompts, ...report }: WinRateReport): string[] {
  const { unparsable, refused, failed } = report.panel.counts;
  const lost = unparsable + refused + failed;
  const { rate: inFull } = answeredInFull;
  return [
    ...(raw === undefined ? [] : [row('Win rate', `${percent(raw.rate)}${error(raw.standardError)}`)]),
    row('Prompts', `${prompts}; ${pairs} pairs, ${scored} of them with a score`),
    row('Sign test', `${signs.wins} : ${signs.losses}, ${signs.ties} even; p = ${signs.pValue.toPrecision(2)}`),
    ...(report.smallestDifference === undefined || !canShow(report.smallestDifference)
      ? []
      : [row('Smallest difference', `${points(report.smallestDifference)} at 80 % power`)]),
    row('Lost verdicts', lost === 0 ? 'none' : `${unparsable} unparsable, ${refused} refused, ${failed} failed`),
    ...(lost === 0 ? [] : [row('  bounds', `${(100 * bounds.worst.rate).toFixed(1)} to ${percent(bounds.best.rate)}`)]),
    ...(lost === 0 || inFull === undefined
      ? []
      : [row('  without them', `${percent(inFull)} of ${answeredInFull.pairs} pairs answered in full`)]),
  ];
}

function lengthRows({ lengthControl: control, lengthBias: bias, withLengths, scored }: WinRateReport): string[] {
  if (control === undefined || bias === undefined)
    return [row('At equal length', 'the verdicts do not say the lengths')];
  const some = withLengths < scored ? `, of the ${withLengths} pairs with lengths` : '';
  return [
    row('At equal length', `${percent(control.rate)} (95 % interval ${range(control)})${some}`),
    ...(control.extrapolates
      ? [row('', `! Lengths hardly overlap (${percent(control.overlap)} on the rarer side): this is an extrapolation.`)]
      : []),
    ...(bias.longerWins === undefined ? [] : [row('Longer wins', percent(bias.longerWins))]),
    row('Length ruler', `${percent(bias.ruler)} if the longer answer always won`),
    ...bias.bins.flatMap(({ from, to, pairs, rate }) =>
      rate === undefined ? [] : [row(`  ${ratio(from, to)}`, `${percent(rate)} of ${pairs} pairs`)],
    ),
  ];
}

function ratio(from: number, to: number): string {
  if (from === 0) return `length × < ${to}`;
  return to === Number.POSITIVE_INFINITY ? `length × ≥ ${from}` : `length × ${from}–${to}`;
}

function judgeRows({ panel }: WinRateReport): string[] {
  const shares: [string, number | undefined, string][] = [
    ['Consistency', panel.consistency, 'say the same in both orders'],
    ['First position', panel.firstPositionRate, 'of decided verdicts'],
    ['Repetition', panel.repetitionAgreement, `of ${panel.repetitions} repeated verdicts say the same`],
  ];
  return shares.flatMap(([label, share, of]) => (share === undefined ? [] : [row(label, `${percent(share)} ${of}`)]));
}
