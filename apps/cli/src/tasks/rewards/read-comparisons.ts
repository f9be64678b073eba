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

/** Answers to a prompt: the first ones are right, the others are wrong. */
export interface Comparison extends TemplateInputs {
  readonly prompt: Text;
  readonly answers: readonly Text[];
  /** How many of the answers are right. */
  readonly right: number;
  readonly subset?: string | undefined;
  readonly id?: string | undefined;
}

/** Errors of a file that holds no rankings. */
const noLists = ['data.missing-column', 'data.unknown-shape', 'data.wrong-type'];

/**
 * Reads the comparisons on which a reward model is measured: pairs, or rankings with scores (such as RewardBench 2), of which the
 * answers with the best score are right. The column `subset` (RewardBench 1), else `source`, names the subsets.
 *
 * @throws DpoError `data.empty-dataset` when no answer is better than another; the errors of reading data
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
  const comparisons =
    lists === undefined
      ? [...(await openRows(name, { read: readWithSubsets, join: joinPreferences }, context, { onError }))].map(ofPair)
      : [...lists].flatMap(ofList);
  if (comparisons.length > 0) return comparisons;
  throw new DpoError('data.empty-dataset', `${name} has no answer that is better than another.`, { values: { name } });
}

/** Reads pairs. When the file has a column of subsets, reads the pairs once more, with the column as `source`. */
async function readWithSubsets(path: string, options: Parameters<typeof readPreferences>[1] = {}) {
  let unusedColumns: readonly string[] = [];
  const onNotes = (notes: ReadNotes) => {
    unusedColumns = notes.leftAside;
    options.onNotes?.({ ...notes, leftAside: unusedColumns.filter((name) => name !== 'subset') });
  };
  const pairs = await readPreferences(path, { ...options, onNotes });
  if (!unusedColumns.includes('subset')) return pairs;
  return readPreferences(path, { ...options, onNotes: undefined, columns: { source: 'subset' } });
}

function ofPair({ prompt, chosen, rejected, source, id, ...row }: PreferencePair): Comparison {
  return { ...inputsOf(row), prompt, answers: [chosen, rejected], right: 1, subset: source, id };
}

/** The comparison of a ranking; no comparison when all answers are equally good. */
function ofList({ prompt, responses, scores, source, id, ...row }: RankedList): Comparison[] {
  const best = Math.max(...scores);
  const [right, wrong] = [
    responses.filter((_, i) => scores[i] === best),
    responses.filter((_, i) => scores[i] !== best),
  ];
  if (wrong.length === 0) return [];
  return [{ ...inputsOf(row), prompt, answers: [...right, ...wrong], right: right.length, subset: source, id }];
}

/** The fields of a row that go to the chat template. */
function inputsOf({ tools, templateVariables }: TemplateInputs): TemplateInputs {
  return {
    ...(tools === undefined ? {} : { tools }),
    ...(templateVariables === undefined ? {} : { templateVariables }),
  };
}

/** Comparisons with a score to each answer. */
export function withScores(comparisons: readonly Comparison[], scores: readonly (readonly number[])[]) {
  return comparisons.map(({ answers, right, subset, id }, i) => {
    const scoredAnswers = answers.map((answer, a) => ({
      score: scores[i]?.[a] as number,
      length: plainText(answer).length,
    }));
    return { right: scoredAnswers.slice(0, right), wrong: scoredAnswers.slice(right), subset, id };
  });
}
