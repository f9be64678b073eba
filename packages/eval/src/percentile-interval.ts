/**
 * The interval between two percentiles of the draws of a bootstrap.
 *
 * Source: Davison and Hinkley 1997, section 5.3.
 *
 * @param draws in any order, at least one
 * @param confidence the share of draws that the interval holds. Default 0.95.
 */
export function percentileInterval(
  draws: ArrayLike<number>,
  confidence = 0.95,
): { readonly low: number; readonly high: number } {
  const sorted = Float64Array.from(draws).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}
