import type { Method, Pack, TokenRow } from '@dpo/core';
import { type PackedBatch, pack, packLength } from '@dpo/data';

/** Steps whose batches are laid out in advance; a longer run has many shapes to fall into anyway. */
const PLANNED = 400;
/** How much larger than the average batch the one shape may be. */
const SLACK = 1.3;

/**
 * A way to pack the batches of a run into as few shapes as can be, since every shape is traced and optimised once, which takes
 * seconds: rows of one length for the whole run, and where batches are alike, one number of rows and of predicted tokens.
 */
export function planPacking<Row extends TokenRow>(
  pairs: readonly Row[],
  method: Method<Row>,
  rowsOfStep: (step: number) => Iterable<number>,
  steps: number,
  parts: number,
): Pack {
  const group = (row: Row) => ({ prompt: row.prompt, answers: method.answers(row) });
  // Rankings of different lengths are packed apart, in batches of many sizes: there is nothing to plan.
  if (new Set(pairs.map((row) => method.answers(row).length)).size > 1) return (groups) => pack(groups);
  const batches = Array.from({ length: Math.min(steps, PLANNED) }, (_, k) =>
    [...rowsOfStep(k + 1)].map((row) => group(pairs[row] as Row)),
  );
  const size = Math.ceil((batches[0]?.length ?? 1) / parts);
  const micro = batches.flatMap((batch) =>
    Array.from({ length: Math.ceil(batch.length / size) }, (_, i) => batch.slice(i * size, (i + 1) * size)),
  );
  // The longest pair of all data must fit, in whatever step it comes.
  const longest = pairs.reduce(
    (most, pair) => (sizeOf(group(pair)) > sizeOf(group(most)) ? pair : most),
    pairs[0] as Row,
  );
  const roomy = Math.max(packLength(micro.flat(), size), packLength([group(longest)]));
  if (steps > PLANNED) return (groups) => pack(groups, { length: roomy });
  // All batches are known: rows end where the fullest of them ends.
  const ends = micro.map((batch) => filledLength(pack(batch, { length: roomy })));
  const length = roundUp(Math.max(...ends, sizeOf(group(longest))));

  const packed = micro.filter((batch) => batch.length === size).map((batch) => pack(batch, { length }));
  const most = (of: (batch: (typeof packed)[number]) => number) => Math.max(...packed.map(of));
  const [rows, tokens] = [most((batch) => batch.rows), most((batch) => batch.tokens)];
  const average = packed.reduce((sum, batch) => sum + batch.rows, 0) / packed.length;
  if (rows > SLACK * average) return (groups) => pack(groups, { length });
  return (groups) => pack(groups, groups.length === size ? { length, rows, tokens } : { length });
}

/** How far the fullest row goes. */
function filledLength({ groups, length }: PackedBatch): number {
  return groups.reduce((end, group, i) => (group === 0 ? end : Math.max(end, (i % length) + 1)), 0);
}

/** Whole vectors of the processor. */
function roundUp(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function sizeOf({ prompt, answers }: { readonly prompt: Int32Array; readonly answers: readonly Int32Array[] }): number {
  return answers.reduce((sum, answer) => sum + answer.length, prompt.length);
}
