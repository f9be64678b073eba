import { DpoError, random } from '@dpo/base';

/** A mean and how far off it may be. */
export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly standardError: number;
  /** How many numbers it is the mean of. */
  readonly count: number;
}

/** The arithmetic mean. Throws `eval.no-values` where there is nothing to average. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new DpoError('eval.no-values', 'There is nothing to average.');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Mean with its standard error s / √n, s the sample's standard deviation (n − 1). The values are taken as independent; for
 * several samples to a prompt see {@link clusteredEstimate}. The error of a single value is unknown: NaN.
 */
export function estimate(values: readonly number[]): Estimate {
  const centre = mean(values);
  const n = values.length;
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return { mean: centre, standardError: Math.sqrt(squares / (n - 1) / n), count: n };
}

/**
 * Mean with a standard error that allows for values of one cluster (samples of one prompt) being alike:
 *
 *     SE² = G/(G−1) · Σ_g ( Σ_{i∈g} (x_i − x̄) )² / n²        over G clusters, n values
 *
 * Source: Cameron and Miller 2015, "A practitioner's guide to cluster-robust inference", for the mean.
 */
export function clusteredEstimate(values: readonly number[], clusters: readonly (number | string)[]): Estimate {
  const centre = mean(values);
  const sums = new Map<number | string, number>();
  values.forEach((value, i) => {
    const cluster = clusters[i] as number | string;
    sums.set(cluster, (sums.get(cluster) ?? 0) + value - centre);
  });
  const groups = sums.size;
  const squares = [...sums.values()].reduce((sum, each) => sum + each ** 2, 0);
  const variance = ((groups / (groups - 1)) * squares) / values.length ** 2;
  return { mean: centre, standardError: Math.sqrt(variance), count: values.length };
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
export interface ShareEstimate {
  readonly share: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/**
 * A share of n with its 95 % interval by Wilson (1927), which holds up near 0 and 1 and for small n. Halves count, so that a
 * tie can be one half.
 */
export function wilson(successes: number, n: number, z = 1.959964): ShareEstimate {
  if (n <= 0) throw new DpoError('eval.no-values', 'A share of nothing has no value.');
  const p = successes / n;
  const centre = (p + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
  return { share: p, low: Math.max(0, centre - half), high: Math.min(1, centre + half), count: n };
}

/** Who was better in one comparison. */
export type Verdict = 'win' | 'tie' | 'loss';

/** Win rate with its Wilson interval; a tie counts one half. */
export function winRate(verdicts: readonly Verdict[]): ShareEstimate & Readonly<Record<Verdict, number>> {
  const counts = { win: 0, tie: 0, loss: 0 };
  for (const verdict of verdicts) counts[verdict]++;
  return { ...wilson(counts.win + counts.tie / 2, verdicts.length), ...counts };
}

/** A 95 % interval of the mean by the bootstrap (percentiles of resampled means), the same for the same seed. */
export function bootstrapInterval(
  values: readonly number[],
  { resamples = 2000, seed = 0 }: { readonly resamples?: number; readonly seed?: number } = {},
): { readonly low: number; readonly high: number } {
  const next = random(seed);
  const n = values.length;
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[Math.floor(next() * n)] as number;
    return sum / n;
  }).sort((a, b) => a - b);
  const at = (share: number) => means[Math.min(resamples - 1, Math.floor(share * resamples))] as number;
  return { low: at(0.025), high: at(0.975) };
}
