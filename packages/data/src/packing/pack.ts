import { DpoError, type PackedBatch, type PromptGroup } from '@dpo/base';
import { bucket, bucketsBetween } from './_buckets.js';

/** Force the shape of a packed batch; what is left out is chosen. */
export interface PackOptions {
  /** T, positions in a row. */
  readonly length?: number | undefined;
  /** B, rows. */
  readonly rows?: number | undefined;
  /** R, predicted tokens. */
  readonly tokens?: number | undefined;
}

/** Row lengths are multiples of this many positions. */
const LENGTH_UNIT = 16;
/** Predicted tokens are counted in multiples of this. */
const TOKENS_UNIT = 16;
/** Rows that hold several groups are not made longer than this, unless one group needs it. */
const LONGEST_SHARED_ROW = 512;
/**
 * The row length at which attention costs as much as everything else in a model of about 100 million parameters on a
 * CPU (measured with GPT-2 124M: time per token grows by a twelfth from T = 128 to 512, by a quarter to 1024).
 */
const ATTENTION_LENGTH = 3584;

/**
 * Lays prompts and their answers out as `[prompt | answer 1 | … | answer K]`, several groups to a row (first fit by
 * decreasing length). The prompt is written once; positions of every answer start at the prompt's length. The last token
 * of an answer is a target only: nothing follows that it could predict, so it takes no position.
 *
 * T, B and R are rounded up to buckets, so that batches of a run share few shapes; T is the bucket with the least
 * cost B·T·(1 + T / 3584), padding and attention together. `options` force them.
 *
 * Sequence g·K + a is answer a of group g, in the order given, and its entries in `predictors`, `targets` and
 * `sequence` are consecutive. The first token of every answer is predicted by the prompt's last position.
 *
 * Errors: `data.nothing-to-pack` (no groups), `data.uneven-groups` (different numbers of answers),
 * `data.empty-prompt`, `data.empty-answer` (no tokens), `data.group-too-long` (longer than the forced `length`),
 * `data.batch-too-large` (does not fit the forced `rows` or `tokens`).
 */
export function pack(groups: readonly PromptGroup[], options: PackOptions = {}): PackedBatch {
  const answersPerGroup = checkGroups(groups);
  const sizes = groups.map(groupSize);
  const layout = chooseLayout(sizes, options);
  const { length, rowOf, startOf } = layout;
  const rows = options.rows ?? bucket(layout.rows, 1);
  const sequences = groups.length * answersPerGroup;

  const lengths = new Int32Array(sequences);
  groups.forEach((group, g) => {
    group.answers.forEach((answer, a) => {
      lengths[g * answersPerGroup + a] = answer.length;
    });
  });
  const predicted = sum(lengths);
  const tokens = options.tokens ?? bucket(predicted, TOKENS_UNIT);
  if (predicted > tokens) {
    throw new DpoError(
      'data.batch-too-large',
      `The batch predicts ${predicted} tokens, more than the ${tokens} allowed.`,
      {
        values: { predicted, tokens },
        hint: 'Raise tokens or pack fewer groups at once.',
      },
    );
  }

  const ids = new Int32Array(rows * length);
  const positions = new Int32Array(rows * length);
  const groupNumbers = new Int32Array(rows * length);
  const answerNumbers = new Int32Array(rows * length);
  const predictors = new Int32Array(tokens);
  const targets = new Int32Array(tokens);
  const sequence = new Int32Array(tokens).fill(sequences);
  const groupsInRow = new Int32Array(rows);

  let entry = 0;
  groups.forEach((group, g) => {
    const row = rowOf[g] as number;
    const start = row * length + (startOf[g] as number);
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
    rows,
    length,
    tokens,
    sequences,
    ids,
    positions,
    groups: groupNumbers,
    answers: answerNumbers,
    predictors,
    targets,
    sequence,
    lengths,
    fill: sum(sizes) / (rows * length),
  };
}

/**
 * One row length T for a whole set of groups, to be forced with `pack(batch, { length })` so that every batch of a run
 * has the same T: the bucket with the least cost over `batchSize` groups at a time, in the order given.
 *
 * Errors: those of {@link pack} about the groups.
 */
export function packLength(groups: readonly PromptGroup[], batchSize: number = groups.length): number {
  checkGroups(groups);
  const sizes = groups.map(groupSize);
  let best = 0;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const length of candidateLengths(sizes)) {
    let total = 0;
    for (let from = 0; from < sizes.length; from += batchSize) {
      total += positionCost(bucket(firstFit(sizes.slice(from, from + batchSize), length).rows, 1), length);
    }
    if (total < bestCost) {
      best = length;
      bestCost = total;
    }
  }
  return best;
}

interface Layout {
  readonly length: number;
  readonly rows: number;
  /** Row of each group. */
  readonly rowOf: Int32Array;
  /** First position of each group within its row. */
  readonly startOf: Int32Array;
}

function chooseLayout(sizes: readonly number[], options: PackOptions): Layout {
  const longest = sizes.reduce((a, b) => Math.max(a, b), 0);
  if (options.length !== undefined && longest > options.length) {
    const group = sizes.indexOf(longest);
    throw new DpoError(
      'data.group-too-long',
      `Group ${group} takes ${longest} positions (prompt and answers), more than a row's ${options.length}.`,
      {
        values: { group, positions: longest, length: options.length },
        hint: 'Raise length, or cut with maxLength when encoding.',
      },
    );
  }
  const lengths = options.length === undefined ? candidateLengths(sizes, options.rows) : [options.length];
  let best: Layout | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const length of lengths) {
    const layout = firstFit(sizes, length);
    if (options.rows !== undefined && layout.rows > options.rows) continue;
    const layoutCost = positionCost(options.rows ?? bucket(layout.rows, 1), length);
    if (layoutCost < bestCost) {
      best = layout;
      bestCost = layoutCost;
    }
  }
  if (best === undefined) {
    throw new DpoError(
      'data.batch-too-large',
      `${sizes.length} groups of ${sum(sizes)} positions do not fit ${options.rows} rows of ${options.length} positions.`,
      {
        values: { groups: sizes.length, positions: sum(sizes), rows: options.rows, length: options.length },
        hint: 'Raise rows or length, or pack fewer groups at once.',
      },
    );
  }
  return best;
}

/** Row lengths worth trying: from the longest group to a few groups a row; with `rows` forced, to all groups in one. */
function candidateLengths(sizes: readonly number[], rows?: number): number[] {
  const longest = sizes.reduce((a, b) => Math.max(a, b), 0);
  const total = sum(sizes);
  const shared = rows === undefined ? Math.min(LONGEST_SHARED_ROW, total) : total;
  return bucketsBetween(longest, Math.max(longest, shared), LENGTH_UNIT);
}

/** What a step over B rows of T positions costs, in positions of a model without attention. */
export function positionCost(rows: number, length: number): number {
  return rows * length * (1 + length / ATTENTION_LENGTH);
}

/** First fit by decreasing size: each group goes to the first row that has room for it. */
function firstFit(sizes: readonly number[], length: number): Layout {
  const order = sizes.map((_, g) => g).sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
  const used: number[] = [];
  const rowOf = new Int32Array(sizes.length);
  const startOf = new Int32Array(sizes.length);
  for (const g of order) {
    const size = sizes[g] as number;
    let row = used.findIndex((taken) => taken + size <= length);
    if (row < 0) row = used.push(0) - 1;
    const start = used[row] as number;
    rowOf[g] = row;
    startOf[g] = start;
    used[row] = start + size;
  }
  return { length, rows: used.length, rowOf, startOf };
}

/** Throws unless the groups can be packed; returns K. */
function checkGroups(groups: readonly PromptGroup[]): number {
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
        hint: "The last prompt token predicts the answer's first one: begin an empty prompt with the BOS token.",
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

/** Positions that a group takes: those of its prompt and of all tokens of its answers but their last. */
export function groupSize(group: PromptGroup): number {
  return group.answers.reduce((size, answer) => size + answer.length - 1, group.prompt.length);
}

function fillFrom(array: Int32Array, from: number, to: number, first: number): void {
  for (let i = from; i < to; i++) array[i] = first + i - from;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
