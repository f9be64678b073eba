import { DpoError } from '../error.js';
import type { PromptGroup } from '../vocabulary/examples.js';
import type { PackedBatch } from '../vocabulary/packed-batch.js';
import { bucket, bucketsBetween } from './buckets.js';
import { type FilledRow, fillRows } from './fill-rows.js';
import { answerTokens, checkGroups, groupSize, layOut } from './lay-out.js';

/** Forces the shape of a packed batch. The function chooses the numbers that are left out. */
export interface PackOptions {
  /** T, positions in a packed row. */
  readonly length?: number | undefined;
  /** B, packed rows. */
  readonly packedRows?: number | undefined;
  /** R, predicted tokens. */
  readonly tokens?: number | undefined;
}

/** Lengths of packed rows are multiples of this many positions. */
const LENGTH_UNIT = 16;
/** R is a multiple of this number. */
export const TOKENS_UNIT = 16;
/** The largest length of packed rows with several groups, unless one group is longer. */
const LONGEST_SHARED_ROW = 512;
/**
 * The length of packed rows at which attention costs as much as everything else in a model of about 100 million parameters on a
 * CPU (measured with GPT-2 124M: time per token grows by a twelfth from T = 128 to 512, by a quarter to 1024).
 */
const ATTENTION_LENGTH = 3584;

/**
 * Packs groups into one batch, several groups to a packed row (first fit by decreasing length): see {@link layOut}.
 *
 * T, B and R are rounded up to buckets, so that batches of a run share few shapes; T is the bucket with the least
 * cost B·T·(1 + T / 3584), padding and attention together. `options` force these numbers.
 *
 * @throws DpoError the errors of {@link layOut}; `data.group-too-long` (longer than the forced `length`), `data.batch-too-large`
 * (does not fit the forced `packedRows` or `tokens`)
 */
export function pack(groups: readonly PromptGroup[], options: PackOptions = {}): PackedBatch {
  checkGroups(groups);
  const layout = chooseLayout(groups.map(groupSize), options);
  const predicted = groups.reduce((total, group) => total + answerTokens(group), 0);
  return layOut(
    groups,
    layout.rows.map((row) => row.indices),
    {
      length: layout.length,
      packedRows: options.packedRows ?? bucket(layout.rows.length, 1),
      tokens: options.tokens ?? bucket(predicted, TOKENS_UNIT),
    },
  );
}

/**
 * One length T of packed rows for all groups of a run, for `pack(batch, { length })`, so that every batch has the same T: the bucket
 * with the least cost over `batchSize` groups at a time, in the order of `groups`.
 *
 * @throws DpoError `data.nothing-to-pack`, `data.uneven-groups`, `data.empty-prompt`, `data.empty-answer`
 */
export function packLength(groups: readonly PromptGroup[], batchSize: number = groups.length): number {
  checkGroups(groups);
  const sizes = groups.map(groupSize);
  let best = 0;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const length of candidateLengths(sizes)) {
    let total = 0;
    for (let from = 0; from < sizes.length; from += batchSize) {
      total += positionCost(bucket(fillRows(sizes.slice(from, from + batchSize), [length]).length, 1), length);
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
  readonly rows: readonly FilledRow[];
}

function chooseLayout(sizes: readonly number[], options: PackOptions): Layout {
  const longest = sizes.reduce((a, b) => Math.max(a, b), 0);
  if (options.length !== undefined && longest > options.length) {
    const group = sizes.indexOf(longest);
    throw new DpoError(
      'data.group-too-long',
      `Group ${group} takes ${longest} positions (prompt and answers), more than the ${options.length} of a packed row.`,
      {
        values: { group, positions: longest, length: options.length },
        hint: 'Raise length, or cut with maxLength when encoding.',
      },
    );
  }
  const lengths = options.length === undefined ? candidateLengths(sizes, options.packedRows) : [options.length];
  let best: Layout | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const length of lengths) {
    const rows = fillRows(sizes, [length]);
    if (options.packedRows !== undefined && rows.length > options.packedRows) continue;
    const layoutCost = positionCost(options.packedRows ?? bucket(rows.length, 1), length);
    if (layoutCost < bestCost) {
      best = { length, rows };
      bestCost = layoutCost;
    }
  }
  if (best === undefined) {
    throw new DpoError(
      'data.batch-too-large',
      `${sizes.length} groups of ${sum(sizes)} positions do not fit ${options.packedRows} packed rows of ${options.length} positions.`,
      {
        values: { groups: sizes.length, positions: sum(sizes), rows: options.packedRows, length: options.length },
        hint: 'Raise packedRows or length, or pack fewer groups at once.',
      },
    );
  }
  return best;
}

/** The lengths to try: from the longest group to a few groups in a packed row; with `rows` forced, to all groups in one. */
function candidateLengths(sizes: readonly number[], rows?: number): number[] {
  const longest = sizes.reduce((a, b) => Math.max(a, b), 0);
  const total = sum(sizes);
  const shared = rows === undefined ? Math.min(LONGEST_SHARED_ROW, total) : total;
  return bucketsBetween(longest, Math.max(longest, shared), LENGTH_UNIT);
}

/** The cost of a step over B packed rows of T positions, in positions of a model without attention. */
export function positionCost(rows: number, length: number): number {
  return rows * length * (1 + length / ATTENTION_LENGTH);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
