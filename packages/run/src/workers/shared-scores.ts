import type { PromptGroup } from '@dpo/base';
import type { Collective } from '@dpo/engine';

/**
 * A number to each answer of each group, computed by all W workers together. A worker computes every W-th group, and all workers get
 * all numbers.
 *
 * @param score computes the numbers of some groups
 */
export async function sharedScores<Group extends Pick<PromptGroup, 'answers'>>(
  groups: readonly Group[],
  score: (groups: readonly Group[]) => Promise<readonly (readonly number[])[]>,
  collective: Collective | undefined,
): Promise<readonly (readonly number[])[]> {
  if (collective === undefined || collective.size === 1) return score(groups);
  const { rank, size } = collective;
  const ownScores = await score(groups.filter((_, i) => i % size === rank));
  const lists = (await collective.gather(ownScores.flat())).map((list) => list.values());
  return groups.map(({ answers }, i) => answers.map(() => lists[i % size]?.next().value as number));
}
