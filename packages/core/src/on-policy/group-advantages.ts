import { sampleDeviation } from './moments.js';

/** What advantages are divided by: the deviation of their group's rewards, the deviation of all rewards of the batch, or nothing. */
export type AdvantageScale = 'group' | 'batch' | 'none';

/** Keeps a group of equal rewards from a division by zero; TRL's number. */
const SMALL = 1e-4;

/**
 * GRPO's advantages: each sample's reward against the mean of its group,
 *
 *     A_i = (R_i − R̄) / (s + 1e-4)
 *
 * with s the deviation of the group (`group`, arXiv 2402.03300) or of all rewards of the batch (`batch`, arXiv 2508.08221); sums of
 * squares are divided by n − 1. `none` divides by nothing (dr-GRPO, arXiv 2503.20783). Equals TRL's `scale_rewards`.
 *
 * @param groups rewards of the samples of each prompt
 */
export function groupAdvantages(groups: readonly (readonly number[])[], scale: AdvantageScale = 'group'): number[][] {
  const batchDeviation = scale === 'batch' ? deviationOf(groups.flat()) : 0;
  return groups.map((rewards) => {
    const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
    const deviation = scale === 'group' ? deviationOf(rewards) : batchDeviation;
    const divisor = scale === 'none' ? 1 : deviation + SMALL;
    return rewards.map((reward) => (reward - mean) / divisor);
  });
}

/** The deviation of rewards; 0 for one reward. */
function deviationOf(rewards: readonly number[]): number {
  return rewards.length < 2 ? 0 : sampleDeviation(rewards);
}
