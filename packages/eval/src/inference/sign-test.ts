/** Wins and losses among decided comparisons, and how surprising they would be between equals. */
export interface SignTest {
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  /** Two-sided: the probability that equals part at least as unevenly. 1 when nothing was decided. */
  readonly pValue: number;
}

/**
 * The exact sign test on the decided pairs, whose score is not one half:
 *
 *     p = min(1, 2 · Σ_{i ≤ min(wins, losses)} C(n, i) / 2ⁿ),   n = wins + losses
 *
 * The scores must be of different prompts. Source: Conover 1999, "Practical Nonparametric Statistics", section 3.4.
 */
export function signTest(scores: readonly number[]): SignTest {
  const wins = scores.filter((score) => score > 0.5).length;
  const losses = scores.filter((score) => score < 0.5).length;
  const n = wins + losses;
  let logTerm = -n * Math.LN2; // log(C(n, 0) / 2ⁿ)
  let tail = 0;
  for (let i = 0; i <= Math.min(wins, losses); i++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((n - i) / (i + 1));
  }
  return { wins, losses, ties: scores.length - n, pValue: Math.min(1, 2 * tail) };
}
