import { region } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { residualSumShader } from './bias-shaders.js';

/** x + bias: [N, D], [D] → [N, D]. */
export const biasSum = region('bias', (x: tf.Tensor, bias: tf.Tensor) => tf.add(x, bias), { rounded: [0] });

/** residual + x + bias: [N, D], [N, D], [D] → [N, D]. */
export const residualSum = region(
  'residual',
  (residual: tf.Tensor, x: tf.Tensor, bias: tf.Tensor) => tf.add(tf.add(residual, x), bias),
  { shader: residualSumShader },
);

/** The gradient by a bias, from the gradient dy by the sum: [N, D] → [D]. */
export const biasGradient = region('bias-gradient', (dy: tf.Tensor) => tf.sum(dy, 0));
