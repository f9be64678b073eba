import { region } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { siluProductGradientShader, siluProductShader } from './silu-shaders.js';

/** y = gate σ(gate) · up. */
export const siluProduct = region(
  'silu-times',
  (gate: tf.Tensor, up: tf.Tensor) => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up),
  { rounded: [0], shader: siluProductShader },
);

/** The gradients by gate and up, from the gradient dy by y: (g σ(g))′ = σ(g) (1 + g (1 − σ(g))). */
export const siluProductGradient = region(
  'silu-times-gradient',
  (dy: tf.Tensor, gate: tf.Tensor, up: tf.Tensor) => {
    const s = tf.sigmoid(gate);
    const slope = tf.mul(s, tf.add(tf.mul(gate, tf.sub(1, s)), 1));
    return [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, tf.mul(gate, s))];
  },
  { rounded: [0, 1], shader: siluProductGradientShader },
);
