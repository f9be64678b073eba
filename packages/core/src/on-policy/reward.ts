import { DpoError } from '@dpo/base';
import type { DrawnAnswer } from './rollout.js';

/** A prompt whose answers are to be judged. */
export interface RewardRequest {
  readonly prompt: Int32Array;
  /** The prompt's number in the data. */
  readonly row: number;
  readonly answers: readonly DrawnAnswer[];
}

/** R(x, y) of each answer of each prompt. */
export type Reward = (requests: readonly RewardRequest[]) => Promise<readonly (readonly number[])[]>;

/** R(x, y) of each answer of one prompt. */
export type PromptReward = (request: RewardRequest) => Promise<readonly number[]>;

/** The longest wait that a timer can hold. */
const LONGEST = 2 ** 31 - 1;

/**
 * A reward out of one that judges a prompt at a time; all prompts of a batch are asked about at once.
 *
 * @param seconds after which the answers to every prompt of a batch must have their rewards. Default 60.
 * @throws DpoError `reward.failed`, `reward.timed-out`, naming the prompt
 */
export function rewardByPrompt(judge: PromptReward, { seconds = 60 }: { readonly seconds?: number } = {}): Reward {
  return async (requests) => {
    const asked = requests.map((request) => inTime(judge, request, seconds));
    // One that fails does not leave the others' failures unheard.
    await Promise.allSettled(asked);
    return Promise.all(asked);
  };
}

async function inTime(judge: PromptReward, request: RewardRequest, seconds: number): Promise<readonly number[]> {
  const { row } = request;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const tell = () => reject(timedOut(row, seconds));
    timer = setTimeout(tell, Math.min(LONGEST, 1000 * seconds));
  });
  try {
    return await Promise.race([Promise.resolve(request).then(judge), late]);
  } catch (cause) {
    if (cause instanceof DpoError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DpoError('reward.failed', `The reward failed on the answers to prompt ${row}: ${why}`, {
      values: { prompt: row, why },
      hint: 'Mend the reward, then go on with --resume: nothing that was trained is lost.',
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

function timedOut(row: number, seconds: number): DpoError {
  return new DpoError(
    'reward.timed-out',
    `The reward of the answers to prompt ${row} did not come within ${seconds} s.`,
    {
      values: { prompt: row, seconds },
      hint: 'Allow more time, or mend the reward, then go on with --resume: nothing that was trained is lost.',
    },
  );
}

/**
 * Asks for rewards and looks at what comes back.
 *
 * @throws DpoError `reward.wrong-count` for other numbers of rewards than of answers; `reward.not-a-number`, naming prompt and
 * sample, for a reward that is no finite number
 */
export async function askReward(
  reward: Reward,
  requests: readonly RewardRequest[],
): Promise<readonly (readonly number[])[]> {
  const rewards = await reward(requests);
  requests.forEach(({ row, answers }, g) => {
    const given = rewards[g] as readonly unknown[] | undefined;
    const count = Array.isArray(given) ? given.length : 0;
    if (count !== answers.length)
      throw new DpoError(
        'reward.wrong-count',
        `The reward gave ${count} numbers for the ${answers.length} answers to prompt ${row}.`,
        {
          values: { prompt: row, expected: answers.length, received: count },
          hint: 'A reward returns one number to each answer, in their order.',
        },
      );
    const wrong = answers.findIndex((_, k) => !Number.isFinite(given?.[k]));
    if (wrong >= 0)
      throw new DpoError(
        'reward.not-a-number',
        `The reward of sample ${wrong} of prompt ${row} is ${String(given?.[wrong])}, not a finite number.`,
        {
          values: { prompt: row, sample: wrong, received: String(given?.[wrong]) },
          hint: 'Have the reward give a finite number to every answer, empty ones too.',
        },
      );
  });
  return rewards;
}
