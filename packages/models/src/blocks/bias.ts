import * as tf from '@tensorflow/tfjs-core';
import { biasGradient, biasSum, residualSum } from './bias-regions.js';
import { withGradient } from './with-gradient.js';

/** x + bias: a linear layer's product [N, D] and its bias [D]; x itself without a bias. */
export function addBias(x: tf.Tensor2D, bias: tf.Tensor | undefined): tf.Tensor2D {
  if (bias === undefined) return x;
  return withGradient(
    [x, bias],
    () => ({ value: biasSum(x, bias), saved: [] }),
    (dy) => [dy, biasGradient(dy)],
  ) as tf.Tensor2D;
}

/** residual + x + bias: the residual stream [N, D] with a linear layer's product [N, D] and its bias [D], if it has one. */
export function addToResidual(residual: tf.Tensor2D, x: tf.Tensor2D, bias: tf.Tensor | undefined): tf.Tensor2D {
  if (bias === undefined) return tf.add(residual, x);
  return withGradient(
    [residual, x, bias],
    () => ({ value: residualSum(residual, x, bias), saved: [] }),
    (dy) => [dy, dy, biasGradient(dy)],
  ) as tf.Tensor2D;
}
