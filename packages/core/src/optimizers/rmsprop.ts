import * as tf from '@tensorflow/tfjs-core';
import { within } from './_settings.js';
import { decays, type Optimizer } from './types.js';

/** Settings of {@link rmsprop}. */
export interface RmspropOptions {
  /** α: the share of the old mean of squares, in [0, 1). Default 0.99. */
  readonly smoothing?: number | undefined;
  /** ε: added to the root. Default 1e-8. */
  readonly epsilon?: number | undefined;
  /** μ: the share of the old buffer in the new, in [0, 1). Default 0. */
  readonly momentum?: number | undefined;
  /** λ: weight decay of matrices, added to the gradient. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * RMSprop as `torch.optim.RMSprop` defines it, with ε outside the root; TensorFlow has ε inside. The DPO paper trains with
 * PyTorch's form:
 *
 *     g ← g + λ w      v ← α v + (1−α) g²      u = g / (√v + ε)
 *     w ← w − η u,  or with momentum μ:  b ← μ b + u,  w ← w − η b
 *
 * Weight decay λ is on matrices only. Defaults: α 0.99, ε 1e-8, μ 0, λ 0.
 *
 * @throws DpoError `optimizer.out-of-range` when a setting is out of its range
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const smoothing = within('smoothing', options.smoothing ?? 0.99, 0, 1);
  const epsilon = within('epsilon', options.epsilon ?? 1e-8, 0, Number.POSITIVE_INFINITY);
  const momentum = within('momentum', options.momentum ?? 0, 0, 1);
  const weightDecay = within('weightDecay', options.weightDecay ?? 0, 0, Number.POSITIVE_INFINITY);
  return {
    name: 'rmsprop',
    settings: { smoothing, epsilon, momentum, weightDecay },
    slots: momentum > 0 ? ['square_avg', 'momentum_buffer'] : ['square_avg'],
    byNumber: true,
    scalars: (learningRate) => ({ rate: learningRate }),
    update: (scope, { variable, gradient, slots, scalars, gate }) => {
      const weight = scope.read(variable);
      const g = weightDecay > 0 && decays(variable) ? tf.add(gradient, tf.mul(weight, weightDecay)) : gradient;
      const square = slots.square_avg as typeof variable;
      const v = tf.add(tf.mul(scope.read(square), smoothing), tf.mul(tf.square(g), 1 - smoothing));
      scope.assign(square, v);
      let step = tf.div(g, tf.add(tf.sqrt(v), epsilon));
      if (momentum > 0) {
        const buffer = slots.momentum_buffer as typeof variable;
        step = tf.add(tf.mul(scope.read(buffer), momentum), step);
        scope.assign(buffer, step);
      }
      scope.assign(variable, tf.sub(weight, tf.mul(step, tf.mul(scalars.rate as tf.Tensor, gate))));
    },
  };
}
