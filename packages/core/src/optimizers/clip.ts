import * as tf from '@tensorflow/tfjs-core';

/** ‖g‖ over all gradients together: the square root of the sum of all squares. */
export function globalNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  return tf.sqrt(tf.addN(gradients.map(sumOfSquares)));
}

/** Σ x². TensorFlow has a kernel that keeps no squares in memory; the kernel computes half the sum. */
function sumOfSquares(x: tf.Tensor): tf.Scalar {
  if (tf.getKernel('L2Loss', tf.getBackend()) === undefined) return tf.sum(tf.square(x));
  return tf.mul<tf.Scalar>(tf.engine().runKernel('L2Loss', { x }) as tf.Scalar, 2);
}

/**
 * The factor by which `torch.nn.utils.clip_grad_norm_` scales gradients of a global norm:
 *
 *     min(1, max / (‖g‖ + 1e-6))
 *
 * An infinite `max` clips nothing.
 */
export function clipCoefficient(norm: tf.Scalar, max: number): tf.Scalar {
  if (max === Number.POSITIVE_INFINITY) return tf.scalar(1);
  return tf.minimum(tf.div(max, tf.add(norm, 1e-6)), 1);
}

/**
 * gradient · scale; all zeros when the scale is 0, even when the gradient is not finite.
 *
 * TensorFlow has a kernel that does so. On other backends a selection does so, with several passes over the gradient.
 */
export function scaleOrZero(gradient: tf.Tensor, scale: tf.Scalar): tf.Tensor {
  if (tf.getKernel('MulNoNan', tf.getBackend()) !== undefined)
    return tf.engine().runKernel('MulNoNan', { a: gradient, b: scale });
  const scaled = tf.mul(gradient, scale);
  return tf.where(tf.notEqual(scale, 0), scaled, tf.zerosLike(scaled));
}
