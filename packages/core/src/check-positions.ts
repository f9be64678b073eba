import { DpoError, type PromptGroup } from '@dpo/base';
import type { ScoringModel } from './model.js';

/**
 * The positions that a model needs for the longest text of a group: every token of prompt and answer but the last, which is only
 * predicted. A packed row may hold more: positions of every answer start at the prompt's length.
 */
export function positionsOf({ prompt, answers }: PromptGroup): number {
  return answers.reduce((most, { length }) => Math.max(most, prompt.length + length - 1), prompt.length);
}

/**
 * Checks that a model has a position for every token. An engine may compute with positions that do not exist, or fail with an error of
 * its own.
 *
 * @throws DpoError `model.too-few-positions`, with the first group that is too long
 */
export function checkPositions(
  { maxPositions = Number.POSITIVE_INFINITY }: Pick<ScoringModel, 'maxPositions'>,
  groups: readonly PromptGroup[],
): void {
  for (const [group, each] of groups.entries()) {
    const positions = positionsOf(each);
    if (positions <= maxPositions) continue;
    throw new DpoError(
      'model.too-few-positions',
      `Group ${group}, a prompt of ${each.prompt.length} tokens with its answers, needs ${positions} positions. The model has ${maxPositions}.`,
      {
        values: { group, positions, maxPositions },
        hint: 'Cut the text (maxLength when encoding), or take a model for longer texts.',
      },
    );
  }
}
