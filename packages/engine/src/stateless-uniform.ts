import * as tf from '@tensorflow/tfjs-core';

/**
 * Uniform random numbers in [0, 1) of a static shape, float32, for the body of an engine function. They depend on the
 * seed alone: the same seed gives the same numbers at every call, and again where a gradient computes its block anew.
 * Another engine makes other numbers of it. There is no gradient.
 *
 * tfjs's own random numbers are drawn in JavaScript while the body runs, so a compiled function would repeat them.
 *
 * @param seed int32 [2]; streams of different seeds are independent
 */
export function statelessUniform(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  return tf.engine().runKernel('StatelessUniform', { seed }, { shape: [...shape] }) as tf.Tensor;
}
