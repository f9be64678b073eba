import type { WeightedMargin } from './scored-comparison.js';

/** Pairs with about the same probability of the preferred answer. */
interface CalibrationBin {
  /** The smallest probability of the bin. */
  readonly from: number;
  /** The probability at which the next bin begins; the last bin holds 1. */
  readonly to: number;
  /** The sum of the pairs' weights: their number, when each comparison is a pair. */
  readonly weight: number;
  /** Mean probability that the scores give to the answer that they prefer; undefined for an empty bin. */
  readonly predicted: number | undefined;
  /** How often the preferred answer is the right one; a tie counts one half. */
  readonly right: number | undefined;
}

/** Whether σ(margin) is the frequency with which the preferred answer is right. */
export interface Calibration {
  /** Expected calibration error: Σ_b w_b |predicted_b − right_b| / Σ_b w_b, 0 when every bin is right as often as predicted. */
  readonly error: number;
  readonly bins: readonly CalibrationBin[];
}

const BINS = 10;

/** Calibration of σ(|s_right − s_wrong|), the probability of the preferred answer, in ten bins from 0.5 to 1. (arXiv 1706.04599.) */
export function calibrationOf(margins: readonly WeightedMargin[]): Calibration {
  const places = margins.map(({ margin }) => Math.min(BINS - 1, Math.floor((confidence(margin) - 0.5) * 2 * BINS)));
  const bins = Array.from({ length: BINS }, (_, b): CalibrationBin => {
    const inside = margins.filter((_, i) => places[i] === b);
    const weight = inside.reduce((sum, pair) => sum + pair.weight, 0);
    const share = (of: (margin: number) => number) =>
      weight === 0 ? undefined : inside.reduce((sum, pair) => sum + pair.weight * of(pair.margin), 0) / weight;
    const edge = (k: number) => 0.5 + k / (2 * BINS);
    const right = share((margin) => (margin > 0 ? 1 : margin === 0 ? 0.5 : 0));
    return { from: edge(b), to: edge(b + 1), weight, predicted: share(confidence), right };
  });
  const total = bins.reduce((sum, { weight }) => sum + weight, 0);
  const off = bins.reduce((sum, { weight, predicted = 0, right = 0 }) => sum + weight * Math.abs(predicted - right), 0);
  return { error: off / total, bins };
}

/** σ(|margin|), the probability of the preferred answer. */
function confidence(margin: number): number {
  return 1 / (1 + Math.exp(-Math.abs(margin)));
}
