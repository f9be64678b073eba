import * as tf from '@tensorflow/tfjs-core';
import { within } from './_settings.js';
import { decays, type Optimizer } from './types.js';

/** Settings of {@link lion}. */
export interface LionOptions {
  /** β₁: the share of the momentum in a step's direction, in [0, 1). Default 0.9. */
  readonly beta1?: number | undefined;
  /** β₂: the share of the old momentum in the new, in [0, 1). Default 0.99. */
  readonly beta2?: number | undefined;
  /** λ: the decoupled weight decay of matrices. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * Lion: steps of one size in the sign of an interpolated momentum, with half of AdamW's memory:
 *
 *     c = β₁ m + (1−β₁) g      w ← w (1 − η λ) − η sign(c)      m ← β₂ m + (1−β₂) g
 *
 * The learning rate is usually a third to a tenth of AdamW's. Weight decay λ is on matrices only.
 *
 * Source: arXiv 2302.06675, algorithm 2. Defaults: β₁ 0.9, β₂ 0.99, λ 0.
 *
 * @throws DpoError `optimizer.out-of-range` when a setting is out of its range
 */
export function lion(options: LionOptions = {}): Optimizer {
  const beta1 = within('beta1', options.beta1 ?? 0.9, 0, 1);
  const beta2 = within('beta2', options.beta2 ?? 0.99, 0, 1);
  const weightDecay = within('weightDecay', options.weightDecay ?? 0, 0, Number.POSITIVE_INFINITY);
  return {
    name: 'lion',
    settings: { beta1, beta2, weightDecay },
    slots: ['exp_avg'],
    byNumber: true,
    scalars: (learningRate) => ({ rate: learningRate }),
    update: (scope, { variable, gradient, slots, scalars, gate }) => {
      const average = slots.exp_avg as typeof variable;
      const [weight, momentum] = [scope.read(variable), scope.read(average)];
      const direction = tf.sign(tf.add(tf.mul(momentum, beta1), tf.mul(gradient, 1 - beta1)));
      const step = weightDecay > 0 && decays(variable) ? tf.add(direction, tf.mul(weight, weightDecay)) : direction;
      scope.assign(variable, tf.sub(weight, tf.mul(step, tf.mul(scalars.rate as tf.Tensor, gate))));
      scope.assign(average, tf.add(tf.mul(momentum, beta2), tf.mul(gradient, 1 - beta2)));
    },
  };
}
