import { type PackedBatch, random } from '@dpo/base';
import type { Values } from '@dpo/engine';

/** Positions have numbers below this; the model's dropout takes as many. */
const NUMBERS = 2 ** 15;

/**
 * A number to each position of a packed batch, [B, T], for dropout to draw by. The number follows from the position's place in
 * its example and from the example's place in the step. The draw therefore depends on neither the micro-batch nor the packing
 * nor the worker.
 *
 * @param places the examples' places in the step, in the order of the batch
 */
export function dropoutNumbers(batch: PackedBatch, places: readonly number[]): Values {
  const { packedRows, length, groupNumbers, answerNumbers, positions, predictors, sequence, sequences } = batch;
  const perExample = sequences / places.length;
  /** The place of the example at each (packed row, group of the packed row). */
  const placeOf = new Map<number, number>();
  const keyOf = (position: number) => Math.floor(position / length) * (length + 1) + (groupNumbers[position] as number);
  sequence.forEach((s, r) => {
    if (s < sequences) placeOf.set(keyOf(predictors[r] as number), places[Math.floor(s / perExample)] as number);
  });
  const data = Int32Array.from({ length: packedRows * length }, (_, position) => {
    const place = placeOf.get(keyOf(position));
    if (place === undefined) return 0;
    const draw = random(place, answerNumbers[position] as number, positions[position] as number);
    return Math.floor(draw() * NUMBERS);
  });
  return { dtype: 'int32', shape: [packedRows, length], data };
}
