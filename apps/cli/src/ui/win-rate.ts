import {
  canShow,
  points,
  smallestDifference,
  type TemperatureReport,
  type WinRateReport,
  winRateSentence,
} from '@dpo/eval';
import { line, percent, range } from './_figures.js';

/** A win rate for a terminal: a sentence first, then the figures behind the sentence. */
export function winRateLines(report: WinRateReport): string[] {
  const lines = [winRateSentence(report), '', ...rateRows(report), ...lengthRows(report), ...judgeRows(report)];
  return lines.map((line) => line.trimEnd());
}

/** The line before anything is judged: which difference so many prompts can show. */
export function powerLine(prompts: number): string {
  const smallest = smallestDifference(prompts);
  const many = `${prompts} ${prompts === 1 ? 'prompt' : 'prompts'}`;
  if (!canShow(smallest)) return `${many} can hardly show any difference: at least 8 prompts are needed.`;
  return `${many} can show a win rate that is ${points(smallest)} or more from one half (80 % power).`;
}

/** A line to each temperature, with its p-value adjusted for all temperatures. No lines for a single temperature. */
export function temperatureLines(reports: readonly TemperatureReport[]): string[] {
  if (reports.length < 2) return [];
  return reports.map(({ temperature, report: { raw, scored }, adjustedPValue }) => {
    const rate = raw === undefined ? 'no verdict is usable' : `${percent(raw.rate)} of ${scored} pairs (${range(raw)})`;
    return line(`Temperature ${temperature ?? '?'}`, `${rate}; p = ${adjustedPValue.toPrecision(2)} after Holm`);
  });
}

/** The standard error; an empty text for a single prompt, whose error is unknown. */
const error = (share: number): string => (Number.isNaN(share) ? '' : ` ± ${(100 * share).toFixed(1)}`);

function rateRows({ raw, bounds, signs, answeredInFull, scored, pairs, prompts, ...report }: WinRateReport): string[] {
  const { unparsable, refused, failed } = report.panel.counts;
  const lost = unparsable + refused + failed;
  const { rate: inFull } = answeredInFull;
  return [
    ...(raw === undefined ? [] : [line('Win rate', `${percent(raw.rate)}${error(raw.standardError)}`)]),
    line('Prompts', `${prompts}; ${pairs} pairs, ${scored} of them with a score`),
    line('Sign test', `${signs.wins} : ${signs.losses}, ${signs.ties} even; p = ${signs.pValue.toPrecision(2)}`),
    ...(report.smallestDifference === undefined || !canShow(report.smallestDifference)
      ? []
      : [line('Smallest difference', `${points(report.smallestDifference)} at 80 % power`)]),
    line('Lost verdicts', lost === 0 ? 'none' : `${unparsable} unparsable, ${refused} refused, ${failed} failed`),
    ...(lost === 0
      ? []
      : [line('  bounds', `${(100 * bounds.worst.rate).toFixed(1)} to ${percent(bounds.best.rate)}`)]),
    ...(lost === 0 || inFull === undefined
      ? []
      : [line('  without them', `${percent(inFull)} of ${answeredInFull.pairs} pairs answered in full`)]),
  ];
}

function lengthRows({ lengthControl: control, lengthBias: bias, withLengths, scored }: WinRateReport): string[] {
  if (control === undefined || bias === undefined)
    return [line('At equal length', 'the verdicts do not say the lengths')];
  const some = withLengths < scored ? `, of the ${withLengths} pairs with lengths` : '';
  return [
    line('At equal length', `${percent(control.rate)} (95 % interval ${range(control)})${some}`),
    ...(control.extrapolates
      ? [
          line(
            '',
            `! Lengths hardly overlap (${percent(control.overlap)} on the rarer side): this is an extrapolation.`,
          ),
        ]
      : []),
    ...(bias.longerWins === undefined ? [] : [line('Longer wins', percent(bias.longerWins))]),
    line('Length ruler', `${percent(bias.ruler)} if the longer answer always won`),
    ...bias.bins.flatMap(({ from, to, pairs, rate }) =>
      rate === undefined ? [] : [line(`  ${ratio(from, to)}`, `${percent(rate)} of ${pairs} pairs`)],
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
  return shares.flatMap(([label, share, of]) => (share === undefined ? [] : [line(label, `${percent(share)} ${of}`)]));
}
