import * as tf from '@tensorflow/tfjs-core';

/**
 * x, available only once `earlier` is computed. Without such a wait, a compiled function starts all pieces of a long computation
 * at once, which takes the memory that pieces save. It also computes a block once that is computed twice on purpose, and keeps
 * the result. An eager engine computes in the order of the calls, so that it returns x itself.
 *
 * The wait has no gradient: use it in the forward pass of a custom gradient, or in a gradient.
 */
export function after<T extends tf.Tensor>(x: T, earlier: tf.Tensor): T {
  if (tf.getKernel('Barrier', tf.getBackend()) === undefined) return x;
  return tf.engine().runKernel('Barrier', { x, after: earlier }) as T;
}
