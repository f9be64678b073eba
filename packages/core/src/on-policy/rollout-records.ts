import { mean } from '../method.js';
import { sampleDeviation } from './moments.js';
import { answerKl } from './penalised-rewards.js';
import type { Rollout } from './rollout.js';

/** Rewards that differ by less are equal. */
const SMALL = 1e-8;

/** Whether all samples of a prompt have the same reward, so that the group has no signal. */
function isDead({ answers }: Rollout): boolean {
  const rewards = answers.map(({ reward }) => reward);
  return Math.max(...rewards) - Math.min(...rewards) <= SMALL;
}

/**
 * The record of a batch of rollouts, under the names of TRL's RLOOTrainer and GRPOTrainer.
 *
 * | name | meaning |
 * |---|---|
 * | `reward`, `reward_std` | mean and deviation of the answers' rewards |
 * | `kl` | mean of log π_old − log π_ref, in nats a token |
 * | `objective/kl`, `objective/kl_error` | KL(π_old ‖ π_ref) in nats an answer, and its standard error, clustered by prompts |
 * | `entropy` | mean of −log π_old over the tokens of the answers, in nats a token: an unbiased estimate of the entropy |
 * | `completions/…` | lengths in tokens, and the share of answers without an end |
 * | `dead_groups`, `frac_reward_zero_std` | prompts whose samples all have the same reward, and their share |
 */
export function rolloutRecords(rollouts: readonly Rollout[]): Record<string, number> {
  const answers = rollouts.flatMap((rollout) => rollout.answers);
  const rewards = answers.map(({ reward }) => reward);
  const lengths = answers.map(({ tokens }) => tokens.length);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const kls = answers.map(({ logps, reference }) => answerKl({ old: logps, reference }));
  const kl = mean(kls);
  const logp = answers.reduce((sum, { logps }) => sum + logps.reduce((total, each) => total + each, 0), 0);
  const endedLengths = answers.filter((answer) => answer.ended).map((answer) => answer.tokens.length);
  const deadGroups = rollouts.filter(isDead).length;
  return {
    reward: mean(rewards),
    ...(rewards.length > 1 ? { reward_std: sampleDeviation(rewards) } : {}),
    kl: (kl * kls.length) / tokens,
    'objective/kl': kl,
    ...clusteredError(rollouts, kl),
    entropy: -logp / tokens,
    'completions/mean_length': mean(lengths),
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/clipped_ratio': 1 - endedLengths.length / answers.length,
    ...(endedLengths.length > 0 ? { 'completions/mean_terminated_length': mean(endedLengths) } : {}),
    dead_groups: deadGroups,
    frac_reward_zero_std: deadGroups / rollouts.length,
  };
}

/** The standard error √(Σ_g (Σ_i (kl_gi − k̄l))² · G / (G − 1)) / n, since answers to one prompt are alike; nothing of one prompt. */
function clusteredError(rollouts: readonly Rollout[], kl: number): Record<string, number> {
  const { length: groups } = rollouts;
  if (groups < 2) return {};
  const sums = rollouts.map(({ answers }) =>
    answers.reduce((sum, { logps, reference }) => sum + answerKl({ old: logps, reference }) - kl, 0),
  );
  const count = rollouts.reduce((sum, { answers }) => sum + answers.length, 0);
  const squares = sums.reduce((sum, each) => sum + each ** 2, 0);
  return { 'objective/kl_error': Math.sqrt((squares * groups) / (groups - 1)) / count };
}
