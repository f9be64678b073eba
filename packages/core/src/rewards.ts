import type { PromptGroup } from '@dpo/base';
import type { ScoringModel } from './model.js';
import { type ScoreOptions, sequenceLogps } from './score.js';

/**
 * An answer as a reward model reads it: with one token more. A forward pass predicts the last token without reading it, but the
 * reward belongs to the whole answer. The reward therefore stands at a token behind the answer. Any token does; here it is 0.
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
