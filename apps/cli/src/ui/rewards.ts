import type { RewardReport, SubsetReport, TiesScore } from '@dpo/eval';
import { rewardFigures } from '@dpo/eval';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const number = (value: number) => value.toFixed(3);

/** A report of rewards for a terminal. */
export function rewardLines(report: RewardReport, ties?: TiesScore): string[] {
  const { accuracy, lengthRuler, calibration, byLength, subsets } = report;
  const better = accuracy.low > Math.max(lengthRuler.share, 1 - lengthRuler.share);
  const { sections } = rewardFigures(report, ties);
  return [
    `Accuracy ${accuracyOf(report)}; log loss ${number(report.logLoss)} (ln 2 = 0.693 knows nothing), mean margin ${number(report.margin)}.`,
    `A ruler that takes the longer answer has ${percent(lengthRuler.share)}, one that takes the shorter ${percent(1 - lengthRuler.share)}: ` +
      `the interval ${better ? 'lies' : 'does not lie'} above both.`,
    `Calibration error of σ(margin): ${number(calibration.error)}.`,
    ...calibration.bins
      .filter(({ weight }) => weight > 0)
      .map(
        ({ from, to, weight, predicted = 0, right = 0 }) =>
          `  ${number(from)}–${number(to)}: said ${percent(predicted)}, was right ${percent(right)} (${Math.round(weight)} pairs)`,
      ),
    'Margin by length of the right answer over the wrong one:',
    ...byLength.bins
      .filter(({ weight }) => weight > 0)
      .map(
        ({ from, to, weight, margin = 0, accuracy: share = 0 }) =>
          `  ${from}–${Number.isFinite(to) ? to : ''}: ${number(margin)}, right ${percent(share)} (${Math.round(weight)} pairs)`,
      ),
    ...[...subsets].map(([name, subset]) => `${name}: ${accuracyOf(subset)}`),
    ...Object.entries(sections ?? {}).map(([name, share]) => `Section ${name}: ${percent(share)}`),
    ...(ties === undefined ? [] : [`RewardBench 2's score of Ties: ${percent(ties.overall)}`]),
  ];
}

function accuracyOf({ accuracy, ties }: SubsetReport): string {
  const { share, low, high, count } = accuracy;
  return `${percent(share)} (95 %: ${percent(low)} to ${percent(high)}) of ${count}, ${ties} ties`;
}
