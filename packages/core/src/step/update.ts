import type { Scope, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { clipCoefficient, globalNorm, scaleOrZero } from '../optimizers/clip.js';
import type { Optimizer } from '../optimizers/types.js';
import type { TrainedVariable } from './gradients.js';

/** The optimizer's state by weight and slot. */
export type Slots = ReadonlyMap<string, Readonly<Record<string, Variable>>>;

/** The largest finite float32. NaN is not at most this number either, and every backend can compare. */
const LARGEST = 3.4028234e38;

/**
 * Clips the gradients to a global norm and has the optimizer update every weight. When the norm is not finite, the weights stay
 * as they were, and the optimizer's moments fade as with a gradient of zero. For the body of an engine function.
 *
 * @returns the norm before clipping
 */
export function update(
  {
    weights,
    slots,
    optimizer,
    maxGradNorm,
  }: {
    readonly weights: readonly TrainedVariable[];
    readonly slots: Slots;
    readonly optimizer: Optimizer;
    readonly maxGradNorm: number;
  },
  scope: Scope,
  gradients: readonly tf.Tensor[],
  scalars: Readonly<Record<string, tf.Tensor>>,
): tf.Scalar {
  const norm = globalNorm(gradients);
  const finite = tf.lessEqual<tf.Scalar>(norm, LARGEST);
  const gate = tf.cast<tf.Scalar>(finite, 'float32');
  const scale = tf.where<tf.Scalar>(finite, clipCoefficient(norm, maxGradNorm), gate);
  weights.forEach(({ name, variable }, i) => {
    const gradient = scaleOrZero(gradients[i] as tf.Tensor, scale);
    optimizer.update(scope, { name, variable, gradient, scalars, gate, slots: slots.get(name) ?? {} });
  });
  return norm;
}
