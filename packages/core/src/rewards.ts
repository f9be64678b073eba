import type { PromptGroup } from '@dpo/base';
import type { ScoringModel } from './model.js';
import { type ScoreOptions, sequenceLogps } from './score.js';

/**
 * An answer as a reward model reads it: with one token more. The last token of an answer is predicted and never read, and the
 * reward is that of the answer read to its end; it stands where the token behind the answer would be predicted. Which token that
 * is makes no difference.
 */
export function readAsReward(answer: Int32Array): Int32Array {
  const read = new Int32Array(answer.length + 1);
  read.set(answer);
  return read;
}

/**
 * The reward of every answer of every group under a reward model: result[g][a], in no unit. A prompt is read once, however many
 * answers it has, and no reward depends on what is scored with it. The rest is as in {@link sequenceLogps}.
 */
export async function answerRewards(
  model: ScoringModel,
  groups: readonly PromptGroup[],
  options: ScoreOptions = {},
): Promise<number[][]> {
  const read = groups.map(({ prompt, answers }) => ({ prompt, answers: answers.map(readAsReward) }));
  return sequenceLogps(model, read, options);
}
