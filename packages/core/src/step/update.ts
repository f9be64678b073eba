import type { Scope, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { clipCoefficient, globalNorm, scaleOrZero } from '../optimizers/clip.js';
import type { Optimizer } from '../optimizers/types.js';
import type { Trained } from './gradients.js';

/** The optimizer's state by weight and slot. */
export type Slots = ReadonlyMap<string, Readonly<Record<string, Variable>>>;

/** The largest finite float32. Comparing with it is false for NaN too, and every backend can compare. */
const LARGEST = 3.4028234e38;

/**
 * Clips the gradients to a global norm and has the optimizer write every weight. A norm that is not finite leaves the weights
 * as they were, and the moments fade as with a gradient of zero. Returns the norm before clipping. For the body of an engine
 * function.
 */
export function update(
  {
    trained,
    slots,
    optimizer,
    maxGradNorm,
  }: {
    readonly trained: readonly Trained[];
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
  trained.forEach(({ name, variable }, i) => {
    const gradient = scaleOrZero(gradients[i] as tf.Tensor, scale);
    optimizer.update(scope, { name, variable, gradient, scalars, gate, slots: slots.get(name) ?? {} });
  });
  return norm;
}
