import { region } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { layerNormGradientShader, layerNormShader } from './layer-norm-shaders.js';

/** y = x̂ · scale + shift, with x̂ = (x − mean x) / √(var x + ε): [N, D], [D], [D] → [N, D]. */
export const normalisedLayer = region(
  'layer-norm',
  (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: number) =>
    tf.add(tf.mul(standardise(x, epsilon).normal, scale), shift),
  { shader: layerNormShader },
);

/** The gradients by x [N, D], scale [D] and shift [D], from the gradient dy by y. x̂ is computed again. */
export const layerNormGradient = region(
  'layer-norm-gradient',
  (dy: tf.Tensor, x: tf.Tensor, scale: tf.Tensor, epsilon: number) => {
    const { normal, inverse } = standardise(x, epsilon);
    const d = tf.mul(dy, scale); // [N, D], the gradient by x̂
    const along = tf.mul(normal, tf.mean(tf.mul(d, normal), -1, true));
    const dx = tf.mul(inverse, tf.sub(tf.sub(d, tf.mean(d, -1, true)), along));
    return [dx, tf.sum(tf.mul(dy, normal), 0), tf.sum(dy, 0)];
  },
  { shader: layerNormGradientShader },
);

/** x̂ [N, D] and 1 / √(var x + ε) [N, 1]. */
function standardise(x: tf.Tensor, epsilon: number) {
  const centred = tf.sub(x, tf.mean(x, -1, true)); // [N, D]
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)); // [N, 1]
  return { normal: tf.mul(centred, inverse), inverse };
}
