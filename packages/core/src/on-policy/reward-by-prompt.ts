import { DpoError } from '@dpo/base';
import type { Reward, RewardRequest } from './reward.js';

/** R(x, y) of each answer of one prompt. */
export type PromptReward = (request: RewardRequest) => Promise<readonly number[]>;

/** How long rewards are waited for. */
export interface RewardByPromptOptions {
  /** After so many seconds the answers to every prompt of a batch must have their rewards. Default 60. */
  readonly seconds?: number | undefined;
}

/** The longest wait that a timer can hold, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

const HINT = 'then go on with --resume: nothing that was trained is lost.';

/**
 * A reward out of one that judges a prompt at a time; all prompts of a batch are asked about at once. A reward that fails on the
 * answers to a prompt is asked about each of the answers alone, for the error to name the sample.
 *
 * @throws {DpoError} `reward.failed`, naming prompt and samples, when the reward throws; `reward.timed-out`, naming them, when
 * a reward does not come in time
 */
export function rewardByPrompt(judge: PromptReward, { seconds = 60 }: RewardByPromptOptions = {}): Reward {
  return async (requests) => {
    // One failure does not leave the others' failures unheard.
    const outcomes = await Promise.allSettled(requests.map((request) => inTime(judge, request, seconds)));
    const failed = outcomes.findIndex(({ status }) => status === 'rejected');
    if (failed >= 0) {
      const { reason } = outcomes[failed] as PromiseRejectedResult;
      throw await failure(judge, requests[failed] as RewardRequest, reason, seconds);
    }
    return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<readonly number[]>).value);
  };
}

/** What the judge says of a request, or `reward.timed-out`. */
async function inTime(judge: PromptReward, request: RewardRequest, seconds: number): Promise<readonly number[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(request, seconds)), Math.min(LONGEST, 1000 * seconds));
  });
  try {
    return await Promise.race([Promise.resolve(request).then(judge), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The error of a reward that failed on a request. */
async function failure(judge: PromptReward, request: RewardRequest, cause: unknown, seconds: number): Promise<unknown> {
  if (DpoError.is(cause)) return cause;
  const { row } = request;
  const why = cause instanceof Error ? cause.message : String(cause);
  const samples = await failingSamples(judge, request, seconds);
  return new DpoError('reward.failed', `The reward failed on ${samplesText(samples)} of prompt ${row}: ${why}`, {
    values: { prompt: row, samples, why },
    hint: `Mend the reward, ${HINT}`,
    cause,
  });
}

/** The samples on which a reward fails when it is asked about each alone; all of them where it fails on none alone. */
async function failingSamples(judge: PromptReward, request: RewardRequest, seconds: number): Promise<number[]> {
  const all = [...request.answers.keys()];
  const alone = request.answers.map((answer) => ({ ...request, answers: [answer] }));
  const outcomes = await Promise.allSettled(alone.map((each) => inTime(judge, each, seconds)));
  const failing = all.filter((k) => outcomes[k]?.status === 'rejected');
  return failing.length > 0 ? failing : all;
}

function timedOut({ row, answers }: RewardRequest, seconds: number): DpoError {
  const samples = [...answers.keys()];
  return new DpoError(
    'reward.timed-out',
    `The reward of ${samplesText(samples)} of prompt ${row} did not come within ${seconds} s.`,
    { values: { prompt: row, samples, seconds }, hint: `Allow more by --reward-seconds, or mend the reward, ${HINT}` },
  );
}

/** `sample 1`, `samples 0, 2` or `samples 0 to 3`. */
function samplesText(samples: readonly number[]): string {
  const [first = 0, last = 0] = [samples[0], samples.at(-1)];
  if (samples.length === 1) return `sample ${first}`;
  const isRange = samples.length > 2 && last - first === samples.length - 1;
  return `samples ${isRange ? `${first} to ${last}` : samples.join(', ')}`;
}
