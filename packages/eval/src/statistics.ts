import { DpoError, random, type ShareInterval, wilson } from '@dpo/base';
import { percentileInterval } from './percentile-interval.js';

/** A mean with its standard error. */
export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly standardError: number;
  /** How many numbers the mean is of. */
  readonly count: number;
}

/** The arithmetic mean. @throws DpoError `eval.no-values` for an empty list */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new DpoError('eval.no-values', 'There is nothing to average.');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Mean with its standard error s / √n, s the sample's standard deviation (n − 1). The values are taken as independent; for
 * several samples of a prompt see {@link clusteredEstimate}. The error of a single value is NaN.
 *
 * @throws DpoError `eval.no-values` for an empty list
 */
export function estimate(values: readonly number[]): Estimate {
  const centre = mean(values);
  const n = values.length;
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return { mean: centre, standardError: Math.sqrt(squares / (n - 1) / n), count: n };
}

/** A mean over values in clusters. `standardError`, the error to quote, is clustered. */
export interface ClusteredEstimate extends Estimate {
  readonly clusters: number;
  /** s / √n, as if all values were independent: too small when values of one cluster are alike. */
  readonly independentError: number;
}

/**
 * Mean with a standard error that allows for values of one cluster (samples of one prompt) being alike:
 *
 *     SE² = G/(G−1) · Σ_g ( Σ_{i∈g} (x_i − x̄) )² / n²        over G clusters, n values
 *
 * With clusters of one size SE is the standard error of the clusters' means. The error of a single cluster is NaN.
 *
 * Source: Cameron and Miller 2015, "A practitioner's guide to cluster-robust inference", for the mean.
 *
 * @throws DpoError `eval.no-values` for an empty list
 */
export function clusteredEstimate(
  values: readonly number[],
  clusters: readonly (number | string)[],
): ClusteredEstimate {
  const { mean: centre, standardError: independentError } = estimate(values);
  const sums = new Map<number | string, number>();
  values.forEach((value, i) => {
    const cluster = clusters[i] as number | string;
    sums.set(cluster, (sums.get(cluster) ?? 0) + value - centre);
  });
  const groups = sums.size;
  const squares = [...sums.values()].reduce((sum, each) => sum + each ** 2, 0);
  const variance = ((groups / (groups - 1)) * squares) / values.length ** 2;
  return {
    mean: centre,
    standardError: Math.sqrt(variance),
    count: values.length,
    clusters: groups,
    independentError,
  };
}

/**
 * The mean of b_i − a_i with the standard error of these differences: for two measurements of the same items, which
 * share what makes one item score higher than another.
 *
 * @throws DpoError `eval.not-paired` for lists of different lengths; `eval.no-values` for empty lists
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): Estimate {
  if (a.length !== b.length)
    throw new DpoError('eval.not-paired', `Cannot pair ${a.length} values with ${b.length}.`, {
      values: { first: a.length, second: b.length },
    });
  return estimate(b.map((value, i) => value - (a[i] as number)));
}

/** The difference of two estimates on independent samples: b − a, with √(SE_a² + SE_b²). */
export function difference(a: Estimate, b: Estimate): Estimate {
  return {
    mean: b.mean - a.mean,
    standardError: Math.hypot(a.standardError, b.standardError),
    count: Math.min(a.count, b.count),
  };
}

/** A share with its confidence interval. */
export interface ShareEstimate extends ShareInterval {
  /** How many observations the share is of. */
  readonly count: number;
}

/** A share of n observations with its 95 % interval by `wilson`. @throws DpoError `eval.no-values` without an observation */
export function estimateShare(successes: number, n: number): ShareEstimate {
  if (n <= 0) throw new DpoError('eval.no-values', 'There is no observation to take a share of.');
  return { ...wilson(successes, n), count: n };
}

/** Who was better in one comparison. */
export type Verdict = 'win' | 'tie' | 'loss';

/** Win rate with its Wilson interval; a tie counts one half. */
export function winRate(verdicts: readonly Verdict[]): ShareEstimate & Readonly<Record<Verdict, number>> {
  const counts = { win: 0, tie: 0, loss: 0 };
  for (const verdict of verdicts) counts[verdict]++;
  return { ...estimateShare(counts.win + counts.tie / 2, verdicts.length), ...counts };
}

/**
 * An interval of the mean by the bootstrap: the percentiles of the means of `resamples` draws with replacement, the same
 * for the same seed. With `clusters`, whole clusters are drawn, so that values of one prompt stay together.
 *
 * Source: Efron 1979; Davison and Hinkley 1997, sections 5.3 and 3.8 (clusters).
 *
 * @throws DpoError `eval.no-values` for an empty list
 */
export function bootstrapInterval(
  values: readonly number[],
  options: {
    /** How many draws. Default 2000. */
    readonly resamples?: number;
    /** Default 0. */
    readonly seed?: number;
    /** The share of means that the interval holds. Default 0.95. */
    readonly confidence?: number;
    /** The cluster of each value. Default: each value is its own cluster. */
    readonly clusters?: readonly (number | string)[];
  } = {},
): { readonly low: number; readonly high: number } {
  const { resamples = 2000, seed = 0, confidence = 0.95, clusters } = options;
  if (values.length === 0) throw new DpoError('eval.no-values', 'There is nothing to resample.');
  const totals = new Map<number | string, { sum: number; count: number }>();
  values.forEach((value, i) => {
    const cluster = clusters?.[i] ?? i;
    const { sum, count } = totals.get(cluster) ?? { sum: 0, count: 0 };
    totals.set(cluster, { sum: sum + value, count: count + 1 });
  });
  const units = [...totals.values()];
  const next = random(seed);
  const means = Float64Array.from({ length: resamples }, () => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < units.length; i++) {
      const unit = units[Math.floor(next() * units.length)] as { sum: number; count: number };
      sum += unit.sum;
      count += unit.count;
    }
    return sum / count;
  });
  return percentileInterval(means, confidence);
}
