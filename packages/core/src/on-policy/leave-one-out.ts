import { DpoError } from '@dpo/base';

/**
 * Each sample's reward against the mean of the others of its prompt, an unbiased baseline:
 *
 *     A_i = R_i − (1 / (k − 1)) Σ_{j ≠ i} R_j = k / (k − 1) · (R_i − R̄)
 *
 * Source: RLOO, arXiv 2402.14740, Eq. 8.
 *
 * @param rewards of the k samples of one prompt
 * @throws {DpoError} `on-policy.one-sample` when there are fewer than two samples
 */
export function leaveOneOut(rewards: readonly number[]): number[] {
  const { length: k } = rewards;
  if (k < 2)
    throw new DpoError('on-policy.one-sample', `The mean of the other samples needs at least 2 samples, got ${k}.`, {
      values: { samples: k },
      hint: 'Draw at least 2 samples to a prompt, or use reinforce or ppo, whose baselines need no others.',
    });
  const sum = rewards.reduce((total, reward) => total + reward, 0);
  return rewards.map((reward) => reward - (sum - reward) / (k - 1));
}
