import { DpoError } from '@dpo/base';
import type { Values } from '@dpo/engine';
import { batchValues, type Pack, type TokenPair } from './batch.js';
import type { Method } from './method.js';
import type { Reference } from './reference.js';

/** What one call of a compiled function takes: some rows of the data, packed, with their reference. */
export interface MicroBatch {
  readonly rows: readonly number[];
  readonly inputs: Readonly<Record<string, Values>>;
}

/**
 * Splits rows into `count` runs as equal as can be (the longer ones first), so that at most two sizes occur and few
 * shapes are compiled.
 */
export function split<T>(rows: readonly T[], count: number): T[][] {
  const parts = Math.max(1, Math.min(count, rows.length));
  const short = Math.floor(rows.length / parts);
  const longer = rows.length % parts;
  return Array.from({ length: parts }, (_, i) => {
    const start = i * short + Math.min(i, longer);
    return rows.slice(start, start + short + (i < longer ? 1 : 0));
  });
}

/** How many rows fit into a micro-batch of so many tokens whatever rows they are: at least one. */
export function rowsPerMicroBatch(pairs: readonly TokenPair[], method: Method, tokens: number): number {
  const longest = pairs.reduce((most, pair) => {
    const answers = method.sides.reduce((sum, side) => sum + pair[side].length, 0);
    return Math.max(most, pair.prompt.length + answers);
  }, 1);
  return Math.max(1, Math.floor(tokens / longest));
}

/** Packs rows of the data into the inputs of a compiled function. */
export function microBatch(
  rows: readonly number[],
  { pairs, method, reference, pack }: { pairs: readonly TokenPair[]; method: Method; reference: Reference; pack: Pack },
): MicroBatch {
  const groups = rows.map((row) => {
    const pair = pairs[row];
    if (pair === undefined)
      throw new DpoError('train.no-such-row', `Row ${row} was asked for, but there are ${pairs.length} pairs.`, {
        values: { row, pairs: pairs.length },
      });
    return { prompt: pair.prompt, answers: method.sides.map((side) => pair[side]) };
  });
  return {
    rows,
    inputs: { ...batchValues(pack(groups), method.sides.length), ...reference.inputs(rows, method.sides) },
  };
}
