import { Z_95 } from '@dpo/base';

/** The normal distribution's quantile at 80 %. */
const Z_POWER = 0.8416212335729143;

/**
 * The smallest distance from one half that a win rate over so many prompts shows in four experiments of five: at 80 % power and
 * a two-sided 5 % level
 *
 *     δ = (z_0.975 + z_0.8) · σ / √n
 *
 * σ is the deviation of the prompts' scores. The default is one half, the deviation of single verdicts between equals; ties and
 * halves make σ smaller. 256 prompts show 8.8 points, 1,000 show 4.4.
 * Source: Cohen 1988, "Statistical Power Analysis", with the normal approximation.
 */
export function smallestDifference(prompts: number, deviation = 0.5): number {
  return ((Z_95 + Z_POWER) * deviation) / Math.sqrt(prompts);
}

/** How many prompts show a distance from one half, by {@link smallestDifference}. */
export function promptsToShow(difference: number, deviation = 0.5): number {
  return Math.ceil((((Z_95 + Z_POWER) * deviation) / difference) ** 2);
}
