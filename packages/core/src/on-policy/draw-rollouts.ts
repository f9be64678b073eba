import { DpoError, type PromptGroup } from '@dpo/base';
import { askReward, type Reward } from './reward.js';
import type { DrawnAnswer, Rollout } from './rollout.js';

/** Draws answers from the policy as it is: `samples` to each prompt. The same seed gives the same answers. */
export type Sampler = (request: {
  readonly prompts: readonly Int32Array[];
  readonly samples: number;
  readonly seed: number;
}) => Promise<readonly (readonly DrawnAnswer[])[]>;

/** A number to each token of each answer of each group: result[g][a][t]. */
export type ScoreTokens = (groups: readonly PromptGroup[]) => Promise<Float32Array[][]>;

/** What the reward of an answer without an end becomes: the reward less a penalty, a score of its own, or the reward as it is. */
export type UnendedAnswers = { readonly penalty: number } | { readonly score: number } | 'nothing';

/** Where rollouts come from. */
export interface RolloutParts {
  readonly sample: Sampler;
  readonly reward: Reward;
  /** log π_ref of each token, in nats. */
  readonly reference: ScoreTokens;
  /** V of each token, for methods with a value head. */
  readonly values?: ScoreTokens | undefined;
  /** Default `nothing`. */
  readonly unended?: UnendedAnswers | undefined;
}

/** A prompt to draw answers to. */
interface NumberedPrompt {
  readonly prompt: Int32Array;
  readonly row: number;
}

/** Seconds that each part of the work took. */
type PartSeconds = Readonly<Record<`time/${'sampling' | 'reward' | 'reference'}`, number>>;

/**
 * Samples, asks for rewards, and scores by the reference and the value head.
 *
 * @throws {DpoError} `on-policy.bad-sample` when the sampler gives another number of answers; what {@link askReward} throws
 */
export async function drawRollouts(
  prompts: readonly NumberedPrompt[],
  { samples, seed }: { readonly samples: number; readonly seed: number },
  { sample, reward, reference, values, unended = 'nothing' }: RolloutParts,
): Promise<{ readonly rollouts: readonly Rollout[]; readonly seconds: PartSeconds }> {
  const times = [performance.now()];
  const samplesOf = await sample({ prompts: prompts.map(({ prompt }) => prompt), samples, seed });
  const requests = prompts.map((each, g) => ({ ...each, answers: wholeSamples(samplesOf[g], samples, each.row) }));
  times.push(performance.now());
  const rewards = await askReward(reward, requests);
  times.push(performance.now());
  const groups = requests.map(({ prompt, answers }) => ({ prompt, answers: answers.map(({ tokens }) => tokens) }));
  const logps = await reference(groups);
  const valuesOf = await values?.(groups);
  times.push(performance.now());
  const rollouts = requests.map(({ prompt, row, answers }, g): Rollout => {
    const scoredAnswers = answers.map((answer, k) => ({
      ...answer,
      reward: rewardOf(rewards[g]?.[k] as number, answer.ended, unended),
      reference: logps[g]?.[k] as Float32Array,
      values: valuesOf?.[g]?.[k],
    }));
    return { prompt, row, answers: scoredAnswers };
  });
  const secondsOf = (part: number) => ((times[part + 1] as number) - (times[part] as number)) / 1000;
  const seconds = { 'time/sampling': secondsOf(0), 'time/reward': secondsOf(1), 'time/reference': secondsOf(2) };
  return { rollouts, seconds };
}

/** The reward as it counts. */
function rewardOf(reward: number, ended: boolean, unended: UnendedAnswers): number {
  if (ended || unended === 'nothing') return reward;
  return 'score' in unended ? unended.score : reward - unended.penalty;
}

/** The answers to a prompt, when there are as many as were asked for. */
function wholeSamples(
  answers: readonly DrawnAnswer[] | undefined,
  samples: number,
  row: number,
): readonly DrawnAnswer[] {
  const wrong = answers?.find(({ tokens, logps }) => tokens.length === 0 || tokens.length !== logps.length);
  if (answers?.length === samples && wrong === undefined) return answers;
  throw new DpoError(
    'on-policy.bad-sample',
    `The sampler must give ${samples} answers to prompt ${row}, each with a log-probability to every token.`,
    { values: { prompt: row, samples, received: answers?.length ?? 0 } },
  );
}
