import { region } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { cappedLogitGradientShader, logitGradientShader, logSumExpShader } from './logit-shaders.js';

/** log Σ_v exp z_v of each target, [r, V] → [r, 1]. */
export const logSumExp = region(
  'log-sum-exp',
  (logits: tf.Tensor) => {
    const largest = tf.max(logits, 1, true);
    return tf.add(tf.log(tf.sum(tf.exp(tf.sub(logits, largest)), 1, true)), largest);
  },
  { shader: logSumExpShader },
);

/**
 * The share −dy · softmax(z) of the gradient by the logits z, from their log-sum-exp `total` and the gradient dy by the targets'
 * log-probabilities. All three broadcast to z's shape: [r, V], or [V, r].
 */
export const logitGradient = region(
  'logit-gradient',
  (z: tf.Tensor, total: tf.Tensor, dy: tf.Tensor) => tf.mul(tf.exp(tf.sub(z, total)), tf.neg(dy)),
  { rounded: [0], shader: logitGradientShader },
);

/** {@link logitGradient} by the logits before a cap, of logits z = cap · tanh(· / cap) behind it. */
export const cappedLogitGradient = region(
  'capped-logit-gradient',
  (z: tf.Tensor, total: tf.Tensor, dy: tf.Tensor, cap: number) =>
    tf.mul(tf.mul(tf.exp(tf.sub(z, total)), capSlope(z, cap)), tf.neg(dy)),
  { rounded: [0], shader: cappedLogitGradientShader },
);

/** The slope 1 − (z / cap)² of a cap, at the logits z behind the cap. */
export function capSlope(z: tf.Tensor, cap: number): tf.Tensor {
  return tf.sub(1, tf.square(tf.div(z, cap)));
}
