import * as tf from '@tensorflow/tfjs-core';
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
    () => {
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon)); // [N, 1]
      const normal = tf.mul(x, inverse); // [N, D]
      return { value: tf.mul(normal, scale), saved: [normal, inverse, scale] };
    },
    (dy, [normal, inverse, scale]) => {
      const [n, r, g] = [normal as tf.Tensor, inverse as tf.Tensor, scale as tf.Tensor];
      const d = tf.mul(dy, g); // [N, D], the gradient of x̂
      const dx = tf.mul(r, tf.sub(d, tf.mul(n, tf.mean(tf.mul(d, n), -1, true))));
      return [dx, tf.sum(tf.mul(dy, n), 0)];
    },
  ) as tf.Tensor2D;
}
