import { DpoError } from '../error.js';
import type { PromptGroup } from '../vocabulary/examples.js';
import type { PackedBatch } from '../vocabulary/packed-batch.js';
import { bucket, bucketsBetween } from './buckets.js';
import { type FilledRow, fillRows } from './fill-rows.js';
import { answerTokens, checkGroups, groupSize, layOut } from './lay-out.js';

/** Force the shape of a packed batch; what is left out is chosen. */
export interface PackOptions {
  /** T, positions in a packed row. */
  readonly length?: number | undefined;
  /** B. */
  readonly packedRows?: number | undefined;
  /** R, predicted tokens. */
  readonly tokens?: number | undefined;
}

/** Row lengths are multiples of this many positions. */
const LENGTH_UNIT = 16;
/** Predicted tokens are counted in multiples of this. */
export const TOKENS_UNIT = 16;
/** Rows that hold several groups are not made longer than this, unless one group needs it. */
const LONGEST_SHARED_ROW = 512;
/**
 * The row length at which attention costs as much as everything else in a model of about 100 million parameters on a
 * CPU (measured with GPT-2 124M: time per token grows by a twelfth from T = 128 to 512, by a quarter to 1024).
 */
const ATTENTION_LENGTH = 3584;

/**
 * Packs groups into one batch, several groups to a row (first fit by decreasing length): see {@link layOut}.
 *
 * T, B and R are rounded up to buckets, so that batches of a run share few shapes; T is the bucket with the least
 * cost B·T·(1 + T / 3584), padding and attention together. `options` force them.
 *
 * @throws DpoError those of {@link layOut}; `data.group-too-long` (longer than the forced `length`), `data.batch-too-large`
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
 * One row length T for a whole set of groups, to be forced with `pack(batch, { length })` so that every batch of a run
 * has the same T: the bucket with the least cost over `batchSize` groups at a time, in the order given.
 *
 * @throws those of {@link pack} about the groups
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
      `Group ${group} takes ${longest} positions (prompt and answers), more than a row's ${options.length}.`,
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
      `${sizes.length} groups of ${sum(sizes)} positions do not fit ${options.packedRows} rows of ${options.length} positions.`,
      {
        values: { groups: sizes.length, positions: sum(sizes), rows: options.packedRows, length: options.length },
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

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
