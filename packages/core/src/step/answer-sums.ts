import { segmentSums } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';

/** The part of a packed batch that says which token belongs to which answer. */
export type TokenPlaces = Pick<PackedInputs, 'sequence' | 'sequences'>;

/** Sums a number to each predicted token over each answer, [R] → [S]. For the body of an engine function. */
export function answerSums(ofTokens: tf.Tensor1D, { sequence, sequences }: TokenPlaces): tf.Tensor1D {
  // Entries that only fill the batch up have the number S, which no answer has.
  return segmentSums(ofTokens, sequence, sequences);
}

/** Divides a number to each answer, [S] or [N, K], into one vector to each of the K names: [N] each. */
export function byName(ofAnswers: tf.Tensor, names: readonly string[]): Record<string, tf.Tensor1D> {
  const count = ofAnswers.size / names.length;
  const matrix = tf.reshape(ofAnswers, [count, names.length]); // [N, K]
  return Object.fromEntries(
    names.map((name, k) => [name, tf.reshape<tf.Rank.R1>(tf.slice(matrix, [0, k], [-1, 1]), [count])]),
  );
}
