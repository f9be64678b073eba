import { DpoError } from '@dpo/base';

/**
 * The expected best reward of N samples, from m ≥ N rewards of samples of one prompt, exact over all subsets of N:
 *
 *     E[max of N] = Σ_i r_(i) · C(i−1, N−1) / C(m, N)        r_(1) ≤ … ≤ r_(m)
 *
 * The mean over prompts estimates the reward that Best-of-N reaches.
 *
 * @throws DpoError `eval.too-few-samples` for m < N
 */
export function expectedBest(rewards: readonly number[], n: number): number {
  const m = rewards.length;
  if (m < n)
    throw new DpoError('eval.too-few-samples', `Best of ${n} needs at least ${n} samples of a prompt, not ${m}.`, {
      values: { samples: m, n },
    });
  const sorted = [...rewards].sort((a, b) => a - b);
  // P(the i-th of m is the largest of n), from the largest down: n/m for i = m, then times (i−n+1… )/(i−1…).
  let probability = n / m;
  let best = 0;
  for (let i = m; i >= n; i--) {
    best += (sorted[i - 1] as number) * probability;
    probability *= (i - n) / (i - 1);
  }
  return best;
}

/** KL(Best-of-N ‖ policy) in nats, log N − (N−1)/N (Stiennon et al. 2020, appendix G; an upper bound when rewards tie). */
export function bestOfNKl(n: number): number {
  return Math.log(n) - (n - 1) / n;
}
