import { mean } from '../method.js';
import { sampleDeviation } from './moments.js';
import { answerKl } from './penalised-rewards.js';
import type { Rollout } from './rollout.js';

/** The smallest difference of rewards that says anything. */
const SMALL = 1e-8;

/** Whether all samples of a prompt have the same reward: a group without a signal. */
function isDead({ answers }: Rollout): boolean {
  const rewards = answers.map(({ reward }) => reward);
  return Math.max(...rewards) - Math.min(...rewards) <= SMALL;
}

/**
 * What a batch of rollouts says, under the names of TRL's RLOOTrainer and GRPOTrainer.
 *
 * | name | what |
 * |---|---|
 * | `reward`, `reward_std` | mean and deviation over the answers |
 * | `kl` | log π_old − log π_ref, nats a token; `objective/kl` nats an answer, which is KL(π_old ‖ π_ref), and its standard error clustered by prompts |
 * | `entropy` | −log π_old, nats a token: over drawn tokens an unbiased estimate of the entropy |
 * | `completions/…` | lengths in tokens, and the share of answers without an end |
 * | `dead_groups`, `frac_reward_zero_std` | prompts whose samples all have the same reward, and their share |
 */
export function rolloutRecords(rollouts: readonly Rollout[]): Record<string, number> {
  const answers = rollouts.flatMap((rollout) => rollout.answers);
  const rewards = answers.map(({ reward }) => reward);
  const lengths = answers.map(({ tokens }) => tokens.length);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const kls = answers.map(({ logps, reference }) => answerKl({ drawn: logps, reference }));
  const kl = mean(kls);
  const drawn = answers.reduce((sum, { logps }) => sum + logps.reduce((total, logp) => total + logp, 0), 0);
  const ended = answers.filter((answer) => answer.ended).map((answer) => answer.tokens.length);
  const dead = rollouts.filter(isDead).length;
  return {
    reward: mean(rewards),
    ...(rewards.length > 1 ? { reward_std: sampleDeviation(rewards) } : {}),
    kl: (kl * kls.length) / tokens,
    'objective/kl': kl,
    ...clusteredError(rollouts, kl),
    entropy: -drawn / tokens,
    'completions/mean_length': mean(lengths),
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/clipped_ratio': 1 - ended.length / answers.length,
    ...(ended.length > 0 ? { 'completions/mean_terminated_length': mean(ended) } : {}),
    dead_groups: dead,
    frac_reward_zero_std: dead / rollouts.length,
  };
}

/** √(Σ_g (Σ_i (kl_gi − k̄l))² · G / (G − 1)) / n: answers to one prompt are alike. */
function clusteredError(rollouts: readonly Rollout[], kl: number): Record<string, number> {
  const { length: groups } = rollouts;
  if (groups < 2) return {};
  const sums = rollouts.map(({ answers }) =>
    answers.reduce((sum, { logps, reference }) => sum + answerKl({ drawn: logps, reference }) - kl, 0),
  );
  const count = rollouts.reduce((sum, { answers }) => sum + answers.length, 0);
  const squares = sums.reduce((sum, each) => sum + each ** 2, 0);
  return { 'objective/kl_error': Math.sqrt((squares * groups) / (groups - 1)) / count };
}
