import { DpoError } from '../error.js';
import type { PromptGroup } from '../vocabulary/examples.js';
import type { PackedBatch } from '../vocabulary/packed-batch.js';

/** The shape of a packed batch. */
export interface PackedShape {
  /** B. */
  readonly packedRows: number;
  /** T, positions in a packed row. */
  readonly length: number;
  /** R, predicted tokens. */
  readonly tokens: number;
}

/**
 * Lays groups out as `[prompt | answer 1 | … | answer K]` in their packed rows, and pads the batch to the shape. The prompt stands
 * once; the positions of every answer start at the prompt's length. The last token of an answer is a target only: it predicts no
 * token, so it takes no position.
 *
 * Sequence g·K + a is answer a of group g, in the order of `groups`, and its entries in `predictors`, `targets` and
 * `sequence` are consecutive. The first token of every answer is predicted by the prompt's last position.
 *
 * @param inRows the indices of the groups of each packed row, in the order of their places
 * @throws DpoError `data.nothing-to-pack` (no groups), `data.uneven-groups` (different numbers of answers),
 * `data.empty-prompt`, `data.empty-answer` (no tokens), `data.batch-too-large` (more predicted tokens than the shape has)
 */
export function layOut(
  groups: readonly PromptGroup[],
  inRows: readonly (readonly number[])[],
  { packedRows, length, tokens }: PackedShape,
): PackedBatch {
  const answersPerGroup = checkGroups(groups);
  const sizes = groups.map(groupSize);
  const starts = startsOf(inRows, sizes, length);
  const sequences = groups.length * answersPerGroup;
  const lengths = Int32Array.from(groups.flatMap(({ answers }) => answers.map((answer) => answer.length)));
  checkTokens(sum(lengths), tokens);

  const ids = new Int32Array(packedRows * length);
  const positions = new Int32Array(packedRows * length);
  const groupNumbers = new Int32Array(packedRows * length);
  const answerNumbers = new Int32Array(packedRows * length);
  const predictors = new Int32Array(tokens);
  const targets = new Int32Array(tokens);
  const sequence = new Int32Array(tokens).fill(sequences);
  const groupsInRow = new Int32Array(packedRows);

  let entry = 0;
  groups.forEach((group, g) => {
    const start = starts[g] as number;
    const row = Math.floor(start / length);
    const number = (groupsInRow[row] as number) + 1;
    groupsInRow[row] = number;
    groupNumbers.fill(number, start, start + (sizes[g] as number));
    const promptEnd = start + group.prompt.length;
    ids.set(group.prompt, start);
    fillFrom(positions, start, promptEnd, 0);
    let at = promptEnd;
    group.answers.forEach((answer, a) => {
      const end = at + answer.length - 1;
      ids.set(answer.subarray(0, -1), at);
      fillFrom(positions, at, end, group.prompt.length);
      answerNumbers.fill(a + 1, at, end);
      targets.set(answer, entry);
      sequence.fill(g * answersPerGroup + a, entry, entry + answer.length);
      predictors[entry] = promptEnd - 1;
      fillFrom(predictors, entry + 1, entry + answer.length, at);
      entry += answer.length;
      at = end;
    });
  });

  return {
    ...{ packedRows, length, tokens, sequences, ids, positions, predictors, targets, sequence, lengths },
    groupNumbers,
    answerNumbers,
    fill: sum(sizes) / (packedRows * length),
  };
}

/** The flat first positions of all groups. */
function startsOf(inRows: readonly (readonly number[])[], sizes: readonly number[], length: number): Int32Array {
  const starts = new Int32Array(sizes.length);
  inRows.forEach((inRow, row) => {
    let start = row * length;
    for (const g of inRow) {
      starts[g] = start;
      start += sizes[g] as number;
    }
  });
  return starts;
}

/** The number of a group's positions: the tokens of its prompt, and all tokens of its answers except the last of each. */
export function groupSize(group: PromptGroup): number {
  return group.answers.reduce((size, answer) => size + answer.length - 1, group.prompt.length);
}

/** The number of answer tokens of a group. */
export function answerTokens({ answers }: PromptGroup): number {
  return answers.reduce((total, answer) => total + answer.length, 0);
}

/**
 * Checks that groups can be packed, and returns K, the number of answers of each group.
 * @throws DpoError `data.nothing-to-pack`, `data.uneven-groups`, `data.empty-prompt`, `data.empty-answer`
 */
export function checkGroups(groups: readonly PromptGroup[]): number {
  const answers = groups[0]?.answers.length;
  if (answers === undefined) {
    throw new DpoError('data.nothing-to-pack', 'There is no group to pack.', { hint: 'Pass at least one group.' });
  }
  groups.forEach((group, index) => {
    if (group.answers.length !== answers || answers === 0) {
      throw new DpoError(
        'data.uneven-groups',
        `Group ${index} has ${group.answers.length} answers; group 0 has ${answers}.`,
        {
          values: { group: index, answers: group.answers.length, expected: answers },
          hint: 'Pack groups with the same number of answers, at least one, together.',
        },
      );
    }
    if (group.prompt.length === 0) {
      throw new DpoError('data.empty-prompt', `The prompt of group ${index} has no tokens.`, {
        values: { group: index },
        hint: "The last prompt token predicts the answer's first token: begin an empty prompt with the BOS token.",
      });
    }
    const empty = group.answers.findIndex((answer) => answer.length === 0);
    if (empty >= 0) {
      throw new DpoError('data.empty-answer', `Answer ${empty} of group ${index} has no tokens.`, {
        values: { group: index, answer: empty },
      });
    }
  });
  return answers;
}

function checkTokens(predicted: number, tokens: number): void {
  if (predicted <= tokens) return;
  throw new DpoError(
    'data.batch-too-large',
    `The batch predicts ${predicted} tokens, more than the ${tokens} allowed.`,
    {
      values: { predicted, tokens },
      hint: 'Raise tokens or pack fewer groups at once.',
    },
  );
}

function fillFrom(array: Int32Array, from: number, to: number, first: number): void {
  for (let i = from; i < to; i++) array[i] = first + i - from;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
