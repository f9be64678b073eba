import { plainText, type Text } from '@dpo/data';
import { smallestDifference } from '../inference/power.js';
import { comparisonOf } from '../judges/questions.js';
import { questionKey } from '../winrate/pair-scores.js';
import { raterOutcome } from './rater-outcome.js';
import type { PlannedItem } from './rater-plan.js';
import type { RaterProgress, RaterState, ShownTurn, SideNames } from './rater-state.js';
import type { Vote } from './vote.js';

/** Where a rater is in a plan. */
export interface Sitting {
  readonly rater: string;
  readonly plan: readonly PlannedItem[];
  readonly names: SideNames;
  /** Votes in force, in their order. */
  readonly votes: readonly Vote[];
  /** Whether the session was ended. */
  readonly done: boolean;
  /** The vote that was taken back last, until the rater votes again. Its item is shown again. */
  readonly takenBack?: Vote | undefined;
}

/** The item that is to be voted on; undefined when all are settled. */
export function currentItem({ takenBack, ...sitting }: Sitting): number | undefined {
  const items = openItems(sitting);
  const again = items.find((at) => takenBack !== undefined && keyOf(sitting, at) === questionKey(takenBack));
  return again ?? items[0];
}

/** What the rater is to see. */
export function stateOf(sitting: Sitting): RaterState {
  const progress = progressOf(sitting);
  if (sitting.done)
    return {
      ...{ kind: 'finished', ...progress, names: sitting.names },
      outcome: raterOutcome(sitting.rater, sitting.votes),
    };
  const item = currentItem(sitting);
  if (item === undefined) return { kind: 'sealed', ...progress };
  const { prompt, first, second } = comparisonOf(sitting.plan[item] as PlannedItem);
  const { takenBack } = sitting;
  const again = takenBack !== undefined && keyOf(sitting, item) === questionKey(takenBack);
  const comment = (again ? takenBack.comment : undefined) ?? '';
  return { kind: 'item', ...progress, item, prompt: turnsOf(prompt), left: first, right: second, comment };
}

function progressOf(sitting: Sitting): RaterProgress {
  const { rater, plan, votes, done } = sitting;
  const prompts = new Set(votes.flatMap(({ vote, prompt_id }) => (vote === 'skip' ? [] : [prompt_id])));
  return {
    rater,
    done: plan.length - openItems(sitting).length,
    total: plan.length,
    smallestDifference: prompts.size === 0 ? null : smallestDifference(prompts.size),
    canUndo: !done && votes.length > 0,
  };
}

/** Items without a vote. A pair that was skipped does not return. */
function openItems(sitting: Omit<Sitting, 'takenBack'>): number[] {
  const choices = new Map(sitting.votes.map((vote) => [questionKey(vote), vote.vote]));
  return sitting.plan.flatMap((item, at) => {
    if (choices.has(keyOf(sitting, at))) return [];
    const before = itemKey({ ...item, first: otherSide(item.first) }, sitting.rater);
    return item.again && choices.get(before) === 'skip' ? [] : [at];
  });
}

function otherSide(side: PlannedItem['first']): PlannedItem['first'] {
  return side === 'model' ? 'baseline' : 'model';
}

function keyOf({ plan, rater }: Pick<Sitting, 'plan' | 'rater'>, at: number): string {
  return itemKey(plan[at] as PlannedItem, rater);
}

function itemKey({ pair, first, repetition }: PlannedItem, rater: string): string {
  const { promptId, temperature, sample } = pair;
  return questionKey({ prompt_id: promptId, temperature, sample, first, repetition, rater });
}

function turnsOf(prompt: Text): ShownTurn[] {
  if (typeof prompt === 'string') return [{ text: prompt }];
  return prompt.map((message) => ({
    role: message.role,
    text: plainText([message]).slice(`${message.role}: `.length),
  }));
}
