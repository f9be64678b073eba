import { DpoError, type TemplateInputs, type Text } from '@dpo/base';
import {
  joinPreferences,
  joinRanked,
  type PreferencePair,
  plainText,
  type RankedList,
  type ReadNotes,
  readPreferences,
  readRanked,
} from '@dpo/data';
import { openRows } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';

/** Answers to a prompt, of which the first ones are right and the others wrong. */
export interface Comparison extends TemplateInputs {
  readonly prompt: Text;
  readonly answers: readonly Text[];
  /** How many are right. */
  readonly right: number;
  readonly subset?: string | undefined;
  readonly id?: string | undefined;
}

/** What says that a file holds no ranked lists. */
const noLists = ['data.missing-column', 'data.unknown-shape', 'data.wrong-type'];

/**
 * Reads what a reward model is measured on: pairs, or lists of answers with scores, of which the best-scored are right (RewardBench 2
 * among them). Subsets are the column `subset` (RewardBench 1), else `source`.
 */
export async function readComparisons(
  name: string,
  context: Context,
  onError: ((error: DpoError) => void) | undefined,
): Promise<Comparison[]> {
  const lists = await openRows(name, { read: readRanked, join: joinRanked }, context, { onError: undefined }).catch(
    (error: unknown) => {
      if (DpoError.is(error) && noLists.includes(error.code)) return undefined;
      throw error;
    },
  );
  const found =
    lists === undefined
      ? [...(await openRows(name, { read: readWithSubsets, join: joinPreferences }, context, { onError }))].map(ofPair)
      : [...lists].flatMap(ofList);
  if (found.length > 0) return found;
  throw new DpoError('data.empty-dataset', `${name} has no answer that is better than another.`, { values: { name } });
}

/** Reads pairs once more where the file has a column of subsets, which stands for `source` then. */
async function readWithSubsets(path: string, options: Parameters<typeof readPreferences>[1] = {}) {
  let aside: readonly string[] = [];
  const onNotes = (notes: ReadNotes) => {
    aside = notes.leftAside;
    options.onNotes?.({ ...notes, leftAside: aside.filter((name) => name !== 'subset') });
  };
  const pairs = await readPreferences(path, { ...options, onNotes });
  if (!aside.includes('subset')) return pairs;
  return readPreferences(path, { ...options, onNotes: undefined, columns: { source: 'subset' } });
}

function ofPair({ prompt, chosen, rejected, source, id, ...row }: PreferencePair): Comparison {
  return { ...inputsOf(row), prompt, answers: [chosen, rejected], right: 1, subset: source, id };
}

/** Nothing where all answers are equally good. */
function ofList({ prompt, responses, scores, source, id, ...row }: RankedList): Comparison[] {
  const best = Math.max(...scores);
  const [right, wrong] = [
    responses.filter((_, i) => scores[i] === best),
    responses.filter((_, i) => scores[i] !== best),
  ];
  if (wrong.length === 0) return [];
  return [{ ...inputsOf(row), prompt, answers: [...right, ...wrong], right: right.length, subset: source, id }];
}

/** What a row hands to the chat template. */
function inputsOf({ tools, templateVariables }: TemplateInputs): TemplateInputs {
  return {
    ...(tools === undefined ? {} : { tools }),
    ...(templateVariables === undefined ? {} : { templateVariables }),
  };
}

/** Comparisons with a score to each answer. */
export function withScores(comparisons: readonly Comparison[], scores: readonly (readonly number[])[]) {
  return comparisons.map(({ answers, right, subset, id }, i) => {
    const scored = answers.map((answer, a) => ({ score: scores[i]?.[a] as number, length: plainText(answer).length }));
    return { right: scored.slice(0, right), wrong: scored.slice(right), subset, id };
  });
}
