import { DpoError } from '@dpo/base';
import type { DrawnAnswer } from './rollout.js';

/** A prompt whose answers are to be judged. */
export interface RewardRequest {
  readonly prompt: Int32Array;
  /** The prompt's number in the data, from 0. */
  readonly row: number;
  readonly answers: readonly DrawnAnswer[];
}

/** R(x, y) of each answer of each prompt. */
export type Reward = (requests: readonly RewardRequest[]) => Promise<readonly (readonly number[])[]>;

/**
 * Asks for rewards and checks them.
 *
 * @throws {DpoError} `reward.wrong-count` when there are other numbers of rewards than of answers; `reward.not-a-number`, naming
 * prompt and sample, when a reward is no finite number; what the reward throws
 */
export async function askReward(
  reward: Reward,
  requests: readonly RewardRequest[],
): Promise<readonly (readonly number[])[]> {
  const rewards = await reward(requests);
  requests.forEach(({ row, answers }, g) => {
    const numbers = rewards[g] as readonly unknown[] | undefined;
    const count = Array.isArray(numbers) ? numbers.length : 0;
    if (count !== answers.length)
      throw new DpoError(
        'reward.wrong-count',
        `The reward gave ${count} numbers for the ${answers.length} answers to prompt ${row}.`,
        {
          values: { prompt: row, expected: answers.length, received: count },
          hint: 'A reward returns one number to each answer, in their order.',
        },
      );
    const wrong = answers.findIndex((_, k) => !Number.isFinite(numbers?.[k]));
    if (wrong >= 0)
      throw new DpoError(
        'reward.not-a-number',
        `The reward of sample ${wrong} of prompt ${row} is ${String(numbers?.[wrong])}, not a finite number.`,
        {
          values: { prompt: row, sample: wrong, received: String(numbers?.[wrong]) },
          hint: 'Have the reward give a finite number to every answer, empty ones too.',
        },
      );
  });
  return rewards;
}
