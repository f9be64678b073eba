import type { Scope, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { clipCoefficient, globalNorm, scaleOrZero } from '../optimizers/clip.js';
import type { Optimizer } from '../optimizers/types.js';
import type { TrainedVariable } from './gradients.js';
import { shareOfTensor, shareScope, type WeightShare } from './weight-share.js';

/** The optimizer's state by weight and slot. */
export type Slots = ReadonlyMap<string, Readonly<Record<string, Variable>>>;

/** The largest finite float32. NaN is not at most this number either, and every backend can compare. */
const LARGEST = 3.4028234e38;

/**
 * Clips the gradients to a global norm and has the optimizer update every weight. When the norm is not finite, the weights stay
 * as they were, and the optimizer's moments fade as with a gradient of zero. For the body of an engine function.
 *
 * A weight with a share is not written: its share's new values are returned.
 *
 * @returns the norm before clipping, and the new values of shares, by the names of their weights
 */
export function update(
  {
    weights,
    slots,
    optimizer,
    maxGradNorm,
    shares,
  }: {
    readonly weights: readonly TrainedVariable[];
    readonly slots: Slots;
    readonly optimizer: Optimizer;
    readonly maxGradNorm: number;
    /** This worker's shares of divided weights, by name. */
    readonly shares: ReadonlyMap<string, WeightShare>;
  },
  scope: Scope,
  gradients: readonly tf.Tensor[],
  scalars: Readonly<Record<string, tf.Tensor>>,
): { readonly norm: tf.Scalar; readonly values: Readonly<Record<string, tf.Tensor>> } {
  const norm = globalNorm(gradients);
  const finite = tf.lessEqual<tf.Scalar>(norm, LARGEST);
  const gate = tf.cast<tf.Scalar>(finite, 'float32');
  const scale = tf.where<tf.Scalar>(finite, clipCoefficient(norm, maxGradNorm), gate);
  const values: Record<string, tf.Tensor> = {};
  weights.forEach(({ name, variable }, i) => {
    const whole = gradients[i] as tf.Tensor;
    const share = shares.get(name);
    const own = share === undefined ? whole : shareOfTensor(whole, share);
    const keep = (ofShare: tf.Tensor) => {
      values[name] = ofShare;
    };
    const view = share === undefined ? scope : shareScope(scope, variable, share, keep);
    const gradient = scaleOrZero(own, scale);
    optimizer.update(view, { name, variable, gradient, scalars, gate, slots: slots.get(name) ?? {} });
  });
  return { norm, values };
}
