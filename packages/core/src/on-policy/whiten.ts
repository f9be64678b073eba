import { momentsOf } from './moments.js';

/** Keeps equal numbers from a division by zero; OpenAI's number. */
const SMALL = 1e-8;

/**
 * Shifts and scales the numbers of several lists, all lists together, to mean 0 and variance 1:
 *
 *     x' = (x − x̄) / √(Σ (x − x̄)² / n + 1e-8)
 *
 * The variance is divided by n. Source: `whiten` of lm-human-preferences ("The N implementation details of RLHF with PPO").
 */
export function whiten(lists: readonly ArrayLike<number>[]): Float32Array[] {
  const { mean, variance } = momentsOf(lists.flatMap((list) => Array.from(list)));
  const scale = 1 / Math.sqrt(variance + SMALL);
  return lists.map((list) => Float32Array.from(list, (value) => (value - mean) * scale));
}
