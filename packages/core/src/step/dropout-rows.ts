import type { PackedBatch } from '@dpo/base';
import type { Values } from '@dpo/engine';

/**
 * A number to each position of a packed batch, [B, T], that says which position of which example stands there: what dropout
 * draws by, so that the draw depends on the example's place in the step and never on the micro-batch, the packing or the worker.
 *
 * @param places the examples' places in the step, in the order of the batch
 */
export function dropoutRows(batch: PackedBatch, places: readonly number[]): Values {
  const { rows, length, groups, answers, positions, predictors, sequence, sequences } = batch;
  const perExample = sequences / places.length;
  /** The place of the example at each (row, group of the row). */
  const placeOf = new Map<number, number>();
  const keyOf = (position: number) => Math.floor(position / length) * (length + 1) + (groups[position] as number);
  sequence.forEach((s, r) => {
    if (s < sequences) placeOf.set(keyOf(predictors[r] as number), places[Math.floor(s / perExample)] as number);
  });
  const data = Int32Array.from({ length: rows * length }, (_, position) => {
    const place = placeOf.get(keyOf(position));
    return place === undefined ? 0 : hash(place, answers[position] as number, positions[position] as number);
  });
  return { dtype: 'int32', shape: [rows, length], data };
}

/** Whole numbers from 0 to 2¹⁵ − 1, spread evenly (the finalizer of MurmurHash3). */
function hash(place: number, answer: number, position: number): number {
  let h = Math.imul(place + 1, 0x9e3779b1) ^ Math.imul(answer + 1, 0x85ebca77) ^ Math.imul(position + 1, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 17;
}
