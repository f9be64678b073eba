import type { WeightedMargin } from './scored-comparison.js';

/** Pairs whose ratio of lengths, the right answer's to the wrong answer's, lies in a bin. */
interface MarginBin {
  /** The smallest ratio of the bin. */
  readonly from: number;
  /** The ratio at which the next bin begins. */
  readonly to: number;
  /** The sum of the pairs' weights: their number, when each comparison is a pair. */
  readonly weight: number;
  /** Mean margin; undefined for an empty bin. */
  readonly margin: number | undefined;
  /** How often the right answer has the higher score; a tie counts one half. */
  readonly accuracy: number | undefined;
}

/** How margins are related to lengths. */
export interface LengthMargins {
  readonly bins: readonly MarginBin[];
  /** Pearson's correlation of the margin with the logarithm of the ratio of lengths; undefined when one of the two does not vary. */
  readonly correlation: number | undefined;
}

const EDGES = [0, 0.5, 0.8, 1.25, 2, Number.POSITIVE_INFINITY];

/** Margins by the ratio of lengths, the right answer's to the wrong answer's. */
export function byLength(margins: readonly WeightedMargin[]): LengthMargins {
  const bins = EDGES.slice(0, -1).map((from, i): MarginBin => {
    const to = EDGES[i + 1] as number;
    const inside = margins.filter(({ lengthRatio }) => lengthRatio >= from && lengthRatio < to);
    const weight = inside.reduce((sum, pair) => sum + pair.weight, 0);
    const share = (of: (margin: number) => number) =>
      weight === 0 ? undefined : inside.reduce((sum, pair) => sum + pair.weight * of(pair.margin), 0) / weight;
    const accuracy = share((margin) => (margin > 0 ? 1 : margin === 0 ? 0.5 : 0));
    return { from, to, weight, margin: share((margin) => margin), accuracy };
  });
  return { bins, correlation: correlation(margins) };
}

/** The largest ratio that the correlation counts, and one over the smallest: beside an empty answer a ratio is infinite. */
const FARTHEST = 1000;

function correlation(margins: readonly WeightedMargin[]): number | undefined {
  const total = margins.reduce((sum, { weight }) => sum + weight, 0);
  const logs = margins.map(({ lengthRatio }) => Math.log(Math.min(FARTHEST, Math.max(1 / FARTHEST, lengthRatio))));
  const average = (of: (i: number) => number) =>
    margins.reduce((sum, { weight }, i) => sum + weight * of(i), 0) / total;
  const x = (i: number) => logs[i] as number;
  const y = (i: number) => (margins[i] as WeightedMargin).margin;
  const [mx, my] = [average(x), average(y)];
  const product = average((i) => (x(i) - mx) * (y(i) - my));
  const scale = Math.sqrt(average((i) => (x(i) - mx) ** 2) * average((i) => (y(i) - my) ** 2));
  return scale > 1e-12 ? product / scale : undefined;
}
