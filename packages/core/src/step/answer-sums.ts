import { segmentSums } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';

/** The part of a packed batch that says which token belongs to which answer. */
export type TokenPlaces = Pick<PackedInputs, 'sequence' | 'sequences'>;

/** A number to each predicted token summed over each answer, [R] → [S]. */
export function answerSums(ofTokens: tf.Tensor1D, { sequence, sequences }: TokenPlaces): tf.Tensor1D {
  // Filling entries are numbered S.
  return segmentSums(ofTokens, sequence, sequences);
}

/** A number to each answer, [S] or [N, K], as one vector to each of the K names: [N] each. */
export function byName(ofAnswers: tf.Tensor, names: readonly string[]): Record<string, tf.Tensor1D> {
  const count = ofAnswers.size / names.length;
  const matrix = tf.reshape(ofAnswers, [count, names.length]); // [N, K]
  return Object.fromEntries(
    names.map((name, k) => [name, tf.reshape<tf.Rank.R1>(tf.slice(matrix, [0, k], [-1, 1]), [count])]),
  );
}
