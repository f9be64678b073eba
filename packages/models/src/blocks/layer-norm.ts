import type * as tf from '@tensorflow/tfjs-core';
import { layerNormGradient, normalisedLayer } from './layer-norm-regions.js';
import { withGradient } from './with-gradient.js';

/**
 * Layer normalisation over the last axis:
 *
 *     x̂ = (x − mean x) / √(var x + ε)      y = x̂ · scale + shift
 *
 * var is the mean of squares around the mean, without Bessel's correction.
 *
 * @param x [N, D]
 * @param scale [D]
 * @param shift [D]
 * @param epsilon ε
 * @returns [N, D]
 */
export function layerNorm(x: tf.Tensor2D, scale: tf.Tensor, shift: tf.Tensor, epsilon: number): tf.Tensor2D {
  return withGradient(
    [x, scale, shift],
    () => ({ value: normalisedLayer(x, scale, shift, epsilon), saved: [x, scale] }),
    (dy, [x, scale]) => layerNormGradient(dy, x as tf.Tensor, scale as tf.Tensor, epsilon),
  ) as tf.Tensor2D;
}
