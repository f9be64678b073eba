import * as tf from '@tensorflow/tfjs-core';
import { normalisedRms, rmsNormGradient } from './rms-norm-regions.js';
import { withGradient } from './with-gradient.js';

/**
 * {@link rmsNorm} of every head's queries or keys, with one scale for all heads (arXiv 2010.04245).
 *
 * @param x [B, H, T, headSize]
 * @param scale [headSize]
 * @param epsilon ε
 * @returns [B, H, T, headSize]
 */
export function rmsNormOfHeads(x: tf.Tensor4D, scale: tf.Tensor, epsilon: number): tf.Tensor4D {
  const size = x.shape[3];
  return tf.reshape(rmsNorm(tf.reshape(x, [x.size / size, size]), scale, epsilon), x.shape);
}

/**
 * Root-mean-square normalisation over the last axis (arXiv 1910.07467):
 *
 *     x̂ = x / √(mean x² + ε)      y = x̂ · scale
 *
 * @param x [N, D]
 * @param scale [D]
 * @param epsilon ε
 * @returns [N, D]
 */
export function rmsNorm(x: tf.Tensor2D, scale: tf.Tensor, epsilon: number): tf.Tensor2D {
  return withGradient(
    [x, scale],
    () => ({ value: normalisedRms(x, scale, epsilon), saved: [x, scale] }),
    (dy, [x, scale]) => rmsNormGradient(dy, x as tf.Tensor, scale as tf.Tensor, epsilon),
  ) as tf.Tensor2D;
}
