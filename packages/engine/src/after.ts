import * as tf from '@tensorflow/tfjs-core';

/**
 * x, but not before `done` is computed. In a compiled function the pieces of a long computation would otherwise be started
 * all at once, which takes the memory that pieces save; and a block that is computed twice on purpose would be computed once
 * and its result kept. An eager engine computes in the order of the calls, so that x is returned as it is.
 *
 * For code without a gradient of its own: the forward pass of a custom gradient, or a gradient.
 */
export function after<T extends tf.Tensor>(x: T, done: tf.Tensor): T {
  if (tf.getKernel('Barrier', tf.getBackend()) === undefined) return x;
  return tf.engine().runKernel('Barrier', { x, after: done }) as T;
}
