import * as tf from '@tensorflow/tfjs-core';
import { within } from './_settings.js';
import { decays, type Optimizer } from './types.js';

/** Settings of {@link sgd}. */
export interface SgdOptions {
  /** μ: the share of the old buffer in the new, in [0, 1). Default 0. */
  readonly momentum?: number | undefined;
  /** λ: weight decay of matrices, added to the gradient. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * Stochastic gradient descent with momentum, as `torch.optim.SGD`:
 *
 *     g ← g + λ w      b ← μ b + g      w ← w − η b     (b = g without momentum)
 *
 * Weight decay λ is on matrices only. Defaults: μ 0, λ 0.
 *
 * @throws DpoError `optimizer.out-of-range` when a setting is out of its range
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const momentum = within('momentum', options.momentum ?? 0, 0, 1);
  const weightDecay = within('weightDecay', options.weightDecay ?? 0, 0, Number.POSITIVE_INFINITY);
  return {
    name: 'sgd',
    settings: { momentum, weightDecay },
    slots: momentum > 0 ? ['momentum_buffer'] : [],
    byNumber: true,
    scalars: (learningRate) => ({ rate: learningRate }),
    update: (scope, { variable, gradient, slots, scalars, gate }) => {
      const weight = scope.read(variable);
      let step = weightDecay > 0 && decays(variable) ? tf.add(gradient, tf.mul(weight, weightDecay)) : gradient;
      if (momentum > 0) {
        const buffer = slots.momentum_buffer as typeof variable;
        step = tf.add(tf.mul(scope.read(buffer), momentum), step);
        scope.assign(buffer, step);
      }
      scope.assign(variable, tf.sub(weight, tf.mul(step, tf.mul(scalars.rate as tf.Tensor, gate))));
    },
  };
}
