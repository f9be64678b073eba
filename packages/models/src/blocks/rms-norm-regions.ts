import { region } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { rmsNormGradientShader, rmsNormShader } from './rms-norm-shaders.js';

/** y = x̂ · scale, with x̂ = x / √(mean x² + ε): [N, D], [D] → [N, D]. */
export const normalisedRms = region(
  'rms-norm',
  (x: tf.Tensor, scale: tf.Tensor, epsilon: number) => tf.mul(tf.mul(x, inverseRms(x, epsilon)), scale),
  { shader: rmsNormShader },
);

/** The gradients by x [N, D] and scale [D], from the gradient dy by y. x̂ is computed again. */
export const rmsNormGradient = region(
  'rms-norm-gradient',
  (dy: tf.Tensor, x: tf.Tensor, scale: tf.Tensor, epsilon: number) => {
    const inverse = inverseRms(x, epsilon);
    const normal = tf.mul(x, inverse); // [N, D]
    const d = tf.mul(dy, scale); // [N, D], the gradient by x̂
    const dx = tf.mul(inverse, tf.sub(d, tf.mul(normal, tf.mean(tf.mul(d, normal), -1, true))));
    return [dx, tf.sum(tf.mul(dy, normal), 0)];
  },
  { shader: rmsNormGradientShader },
);

/** 1 / √(mean x² + ε), [N, 1]. */
function inverseRms(x: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
}
