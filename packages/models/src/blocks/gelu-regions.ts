import { region } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type GeluShaders, geluExactShaders, geluTanhShaders } from './gelu-shaders.js';

/** A form of GELU: y(x) and its slope y′(x). */
interface GeluForm {
  value(x: tf.Tensor): tf.Tensor;
  slope(x: tf.Tensor): tf.Tensor;
}

const linear = 2 * Math.sqrt(2 / Math.PI);
const cubic = linear * 0.044715;
/** σ(a x + b x³) = ½ (1 + tanh(√(2/π) (x + 0.044715 x³))) */
const gate = (x: tf.Tensor) => tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), cubic), linear)));

const tanhForm: GeluForm = {
  value: (x) => tf.mul(x, gate(x)),
  // y′ = σ(u) + x σ(u) (1 − σ(u)) u′ with u′ = a + 3 b x²
  slope(x) {
    const s = gate(x);
    const inner = tf.add(tf.mul(tf.square(x), 3 * cubic), linear);
    return tf.mul(s, tf.add(tf.mul(tf.mul(x, tf.sub(1, s)), inner), 1));
  },
};

/** Φ(x) = ½ (1 + erf(x / √2)) */
const normal = (x: tf.Tensor) => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);

const exactForm: GeluForm = {
  value: (x) => tf.mul(x, normal(x)),
  // y′ = Φ(x) + x φ(x) with φ(x) = exp(−x² / 2) / √(2π)
  slope: (x) => tf.add(normal(x), tf.mul(tf.mul(x, 1 / Math.sqrt(2 * Math.PI)), tf.exp(tf.mul(tf.square(x), -0.5)))),
};

/** The regions of GELU in its tanh approximation. */
export const geluTanhRegions = geluRegions('gelu-tanh', tanhForm, geluTanhShaders(linear, cubic));
/** The regions of GELU with the exact normal distribution. */
export const geluExactRegions = geluRegions('gelu-exact', exactForm, geluExactShaders);

export type GeluRegions = ReturnType<typeof geluRegions>;

function geluRegions(name: string, { value, slope }: GeluForm, shaders: GeluShaders) {
  const rounded = [0];
  return {
    /** y(x) */
    value: region(name, value, { rounded, shader: shaders.value }),
    /** The gradient by x, from the gradient dy by y. */
    gradient: region(`${name}-gradient`, (dy: tf.Tensor, x: tf.Tensor) => tf.mul(dy, slope(x)), {
      rounded,
      shader: shaders.gradient,
    }),
    /** y(x + bias): [N, D], [D] → [N, D] */
    ofSum: region(`${name}-bias`, (x: tf.Tensor, bias: tf.Tensor) => value(tf.add(x, bias)), {
      rounded,
      shader: shaders.ofSum,
    }),
    /** The gradients by x [N, D] and bias [D]. */
    gradientOfSum: region(
      `${name}-bias-gradient`,
      (dy: tf.Tensor, x: tf.Tensor, bias: tf.Tensor) => {
        const dx = tf.mul(dy, slope(tf.add(x, bias)));
        return [dx, tf.sum(dx, 0)];
      },
      { rounded, shader: shaders.gradientOfSum },
    ),
  };
}
