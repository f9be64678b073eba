import * as tf from '@tensorflow/tfjs-core';
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
    () => {
      const centred = tf.sub(x, tf.mean(x, -1, true)); // [N, D]
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)); // [N, 1]
      const normal = tf.mul(centred, inverse); // [N, D]
      return { value: tf.add(tf.mul(normal, scale), shift), saved: [normal, inverse, scale] };
    },
    (dy, [normal, inverse, scale]) => {
      const [n, r, g] = [normal as tf.Tensor, inverse as tf.Tensor, scale as tf.Tensor];
      const d = tf.mul(dy, g); // [N, D], the gradient of x̂
      const along = tf.mul(n, tf.mean(tf.mul(d, n), -1, true));
      const dx = tf.mul(r, tf.sub(tf.sub(d, tf.mean(d, -1, true)), along));
      return [dx, tf.sum(tf.mul(dy, n), 0), tf.sum(dy, 0)];
    },
  ) as tf.Tensor2D;
}
