import type { PairWithLengths } from './length-control.js';

/** The win rate over the pairs whose ratio of lengths, the model's to the baseline's, lies in a bin. */
export interface LengthBin {
  /** The smallest ratio of the bin. */
  readonly from: number;
  /** The ratio at which the next bin begins. */
  readonly to: number;
  readonly pairs: number;
  /** Mean score; undefined without a pair. */
  readonly rate: number | undefined;
}

/** How length and verdict are related. */
export interface LengthBias {
  /** Of the pairs with different lengths: the judge's mean share for the longer answer. Undefined without such a pair. */
  readonly longerWins: number | undefined;
  /** The model's win rate by a ruler that always picks the longer answer, and takes equal lengths for a tie. */
  readonly ruler: number;
  readonly bins: readonly LengthBin[];
}

const EDGES = [0, 0.5, 0.8, 1.25, 2, Number.POSITIVE_INFINITY];

/** The length ruler, and rates by bins of length ratio. @returns undefined without a pair */
export function lengthBias(pairs: readonly PairWithLengths[]): LengthBias | undefined {
  if (pairs.length === 0) return undefined;
  const unequal = pairs.filter(({ modelLength, baselineLength }) => modelLength !== baselineLength);
  const ruler = pairs.map(({ modelLength, baselineLength }) => (Math.sign(modelLength - baselineLength) + 1) / 2);
  return {
    longerWins: meanOf(
      unequal.map(({ score, modelLength, baselineLength }) => (modelLength > baselineLength ? score : 1 - score)),
    ),
    ruler: meanOf(ruler) as number,
    bins: EDGES.slice(0, -1).map((from, i) => bin(pairs, from, EDGES[i + 1] as number)),
  };
}

function bin(pairs: readonly PairWithLengths[], from: number, to: number): LengthBin {
  const inside = pairs.filter((pair) => {
    const ratio = ratioOf(pair);
    return ratio >= from && ratio < to;
  });
  return { from, to, pairs: inside.length, rate: meanOf(inside.map(({ score }) => score)) };
}

/** The ratio of lengths: 1 for two empty answers, and in the last bin when the baseline's answer alone is empty. */
function ratioOf({ modelLength, baselineLength }: PairWithLengths): number {
  if (modelLength === baselineLength) return 1;
  return baselineLength === 0 ? Number.MAX_VALUE : modelLength / baselineLength;
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
