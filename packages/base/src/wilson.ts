/** An observed share and its interval, both in [0, 1]. */
export interface ShareInterval {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % quantile of the normal distribution, for a two-sided 95 % interval. */
export const Z_95 = 1.959963984540054;

/**
 * A share p = successes / n with its 95 % Wilson score interval, which holds up near 0 and 1 and for small n:
 *
 *     (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.96
 *
 * `successes` may have halves, so that a tie counts as one half. Without observations the interval is [0, 1] and the share its
 * middle, one half. Source: Wilson 1927, JASA 22.
 */
export function wilson(successes: number, n: number, z = Z_95): ShareInterval {
  if (n <= 0) return { share: 0.5, low: 0, high: 1 };
  const share = successes / n;
  const centre = share + z ** 2 / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  const scale = 1 + z ** 2 / n;
  // The two ends are set exactly, since rounding would miss 0 and 1 by a little.
  const low = successes === 0 ? 0 : (centre - spread) / scale;
  const high = successes === n ? 1 : (centre + spread) / scale;
  return { share, low, high };
}
