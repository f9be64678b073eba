import { askReward, type Reward } from '@dpo/core';
import { type Collective, ofFirstWorker } from '@dpo/engine';

/**
 * A reward that the first of several workers asks for, and hands to the others: a reward may cost money, and need not give the same
 * numbers twice.
 *
 * @throws {DpoError} what {@link askReward} throws; on the other workers `engine.first-worker-failed`
 */
export function sharedReward(reward: Reward, collective: Collective): Reward {
  if (collective.size === 1) return reward;
  return async (requests) => {
    const rewards = await ofFirstWorker(collective, async () => (await askReward(reward, requests)).flat());
    let from = 0;
    return requests.map(({ answers }) => {
      from += answers.length;
      return rewards.slice(from - answers.length, from);
    });
  };
}
