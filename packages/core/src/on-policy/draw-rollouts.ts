import { DpoError, type PromptGroup } from '@dpo/base';
import { askReward, type Reward } from './reward.js';
import type { DrawnAnswer, Rollout } from './rollout.js';

/** Draws answers from the policy as it is: `samples` to each prompt, as the seed says. */
export type Sampler = (request: {
  readonly prompts: readonly Int32Array[];
  readonly samples: number;
  readonly seed: number;
}) => Promise<readonly (readonly DrawnAnswer[])[]>;

/** Numbers of tokens: result[g][a][t]. */
export type ScoreTokens = (groups: readonly PromptGroup[]) => Promise<Float32Array[][]>;

/** What the reward of an answer without an end becomes: less by a penalty, a score of its own, or what the reward says. */
export type UnendedAnswers = { readonly penalty: number } | { readonly score: number } | 'nothing';

/** Where rollouts come from. */
export interface RolloutParts {
  readonly sample: Sampler;
  readonly reward: Reward;
  /** log π_ref of each token. */
  readonly reference: ScoreTokens;
  /** V of each token, where the method has a value head. */
  readonly values?: ScoreTokens | undefined;
  /** Default `nothing`. */
  readonly unended?: UnendedAnswers | undefined;
}

/** A prompt to draw answers to. */
interface NumberedPrompt {
  readonly prompt: Int32Array;
  readonly row: number;
}

/** Seconds of each part of the work, for the record. */
type Seconds = Readonly<Record<`time/${'sampling' | 'reward' | 'reference'}`, number>>;

/**
 * Samples, asks for rewards, and scores by the reference and the value head.
 *
 * @throws DpoError `reward.…` as {@link askReward} does, `on-policy.bad-sample` for a sampler that gives other numbers of answers
 */
export async function drawRollouts(
  prompts: readonly NumberedPrompt[],
  { samples, seed }: { readonly samples: number; readonly seed: number },
  { sample, reward, reference, values, unended = 'nothing' }: RolloutParts,
): Promise<{ readonly rollouts: readonly Rollout[]; readonly seconds: Seconds }> {
  const times = [performance.now()];
  const drawn = await sample({ prompts: prompts.map(({ prompt }) => prompt), samples, seed });
  const requests = prompts.map((each, g) => ({ ...each, answers: checked(drawn[g], samples, each.row) }));
  times.push(performance.now());
  const rewards = await askReward(reward, requests);
  times.push(performance.now());
  const groups = requests.map(({ prompt, answers }) => ({ prompt, answers: answers.map(({ tokens }) => tokens) }));
  const logps = await reference(groups);
  const predicted = await values?.(groups);
  times.push(performance.now());
  const rollouts = requests.map(({ prompt, row, answers }, g): Rollout => {
    const scored = answers.map((answer, k) => ({
      ...answer,
      reward: counted(rewards[g]?.[k] as number, answer.ended, unended),
      reference: logps[g]?.[k] as Float32Array,
      values: predicted?.[g]?.[k],
    }));
    return { prompt, row, answers: scored };
  });
  const took = (part: number) => ((times[part + 1] as number) - (times[part] as number)) / 1000;
  return { rollouts, seconds: { 'time/sampling': took(0), 'time/reward': took(1), 'time/reference': took(2) } };
}

function counted(reward: number, ended: boolean, unended: UnendedAnswers): number {
  if (ended || unended === 'nothing') return reward;
  return 'score' in unended ? unended.score : reward - unended.penalty;
}

function checked(answers: readonly DrawnAnswer[] | undefined, samples: number, row: number): readonly DrawnAnswer[] {
  const wrong = answers?.find(({ tokens, logps }) => tokens.length === 0 || tokens.length !== logps.length);
  if (answers?.length === samples && wrong === undefined) return answers;
  throw new DpoError(
    'on-policy.bad-sample',
    `The sampler must give ${samples} answers to prompt ${row}, each with a log-probability to every token.`,
    { values: { prompt: row, samples, received: answers?.length ?? 0 } },
  );
}
