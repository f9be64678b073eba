import * as tf from '@tensorflow/tfjs-core';

/**
 * Uniform random numbers in [0, 1) of a static shape, float32, for the body of an engine function. The numbers depend on the
 * seed alone: the same seed gives the same numbers at every call, on every engine, and also when a block is recomputed. There is no
 * gradient.
 *
 * tfjs's own random functions draw in JavaScript while the body runs, so that a compiled function would repeat their numbers.
 *
 * @param seed int32 [2]; the streams of different seeds are independent
 */
export function statelessUniform(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  return tf.engine().runKernel('StatelessUniform', { seed }, { shape: [...shape] }) as tf.Tensor;
}
