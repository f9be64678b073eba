import type { PromptGroup } from '@dpo/base';
import type { ScoringModel } from './model.js';
import { type ScoreOptions, sequenceLogps } from './score.js';

/**
 * An answer as a reward model reads it: with one token more. A model predicts the last token of what it is given and never reads
 * it, but the reward is that of the whole answer. The reward therefore stands at the token behind the answer. Which token that
 * is makes no difference; it is token 0 here.
 */
export function readAsReward(answer: Int32Array): Int32Array {
  const longer = new Int32Array(answer.length + 1);
  longer.set(answer);
  return longer;
}

/**
 * The reward of every answer of every group under a reward model: result[g][a], in no unit. A prompt is read once, however many
 * answers it has, and the reward of an answer does not depend on the answers beside it. Order and memory are as in
 * {@link sequenceLogps}.
 */
export async function answerRewards(
  model: ScoringModel,
  groups: readonly PromptGroup[],
  options: ScoreOptions = {},
): Promise<number[][]> {
  const longerGroups = groups.map(({ prompt, answers }) => ({ prompt, answers: answers.map(readAsReward) }));
  return sequenceLogps(model, longerGroups, options);
}
