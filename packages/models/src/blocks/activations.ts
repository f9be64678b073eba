import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

const linear = 2 * Math.sqrt(2 / Math.PI);
const cubic = linear * 0.044715;

/**
 * GELU in its tanh approximation (`gelu_new`, `gelu_pytorch_tanh`), with ½ (1 + tanh z) = σ(2z):
 *
 *     y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) = x σ(a x + b x³)
 */
export function geluTanh(x: tf.Tensor2D): tf.Tensor2D {
  return withGradient(
    [x],
    () => {
      const gate = tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), cubic), linear)));
      return { value: tf.mul(x, gate), saved: [x, gate] };
    },
    // y′ = σ(u) + x σ(u) (1 − σ(u)) u′ with u′ = a + 3 b x²
    (dy, [saved, gate]) => {
      const [at, s] = [saved as tf.Tensor, gate as tf.Tensor];
      const slope = tf.add(tf.mul(tf.square(at), 3 * cubic), linear);
      return [tf.mul(dy, tf.mul(s, tf.add(tf.mul(tf.mul(at, tf.sub(1, s)), slope), 1)))];
    },
  ) as tf.Tensor2D;
}

/** GELU with the exact normal distribution (`gelu`): y = ½ x (1 + erf(x / √2)). */
export function geluExact(x: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

/** The forms of GELU by their names in configurations. */
export const gelus = { gelu: geluExact, gelu_new: geluTanh, gelu_pytorch_tanh: geluTanh, gelu_fast: geluTanh };

/** SiLU times a second factor, as in SwiGLU (arXiv 2002.05202): y = gate σ(gate) · up. */
export function siluTimes(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  return withGradient(
    [gate, up],
    () => {
      const s = tf.sigmoid(gate);
      return { value: tf.mul(tf.mul(gate, s), up), saved: [gate, up, s] };
    },
    // (g σ(g))′ = σ(g) (1 + g (1 − σ(g)))
    (dy, [gate, up, sigmoid]) => {
      const [g, u, s] = [gate as tf.Tensor, up as tf.Tensor, sigmoid as tf.Tensor];
      const slope = tf.mul(s, tf.add(tf.mul(g, tf.sub(1, s)), 1));
      return [tf.mul(tf.mul(dy, u), slope), tf.mul(dy, tf.mul(g, s))];
    },
  ) as tf.Tensor2D;
}
