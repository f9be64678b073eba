/** An interval for a share, in [0, 1], with the share that was observed. */
export interface ShareInterval {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** z at 97.5 % of the normal distribution: that of a two-sided 95 % interval. */
export const Z_95 = 1.959963984540054;

/**
 * A share p = successes / n with its 95 % Wilson score interval, which holds up near 0 and 1 and for small n:
 *
 *     (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.96
 *
 * Halves count, so that a tie can be one half. Nothing is known without observations: the interval is all of [0, 1] and the
 * share, as its middle, one half. Source: Wilson 1927, JASA 22.
 */
export function wilson(successes: number, n: number, z = Z_95): ShareInterval {
  if (n <= 0) return { share: 0.5, low: 0, high: 1 };
  const share = successes / n;
  const centre = share + z ** 2 / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  const scale = 1 + z ** 2 / n;
  // The two ends are exact: rounding would leave them a little beside 0 and 1.
  const low = successes === 0 ? 0 : (centre - spread) / scale;
  const high = successes === n ? 1 : (centre + spread) / scale;
  return { share, low, high };
}
