import * as tf from '@tensorflow/tfjs-core';
import { type CheapValue, cheapValue } from './cheap-value.js';
import { type GeluRegions, geluExactRegions, geluTanhRegions } from './gelu-regions.js';
import { siluProduct, siluProductGradient } from './silu-regions.js';

/** An activation y(x + bias), of a layer's product x [N, D] and the layer's bias [D], if it has one. */
export type Activation = (x: tf.Tensor2D, bias?: tf.Tensor) => CheapValue;

/**
 * GELU in its tanh approximation (`gelu_new`, `gelu_pytorch_tanh`), with ½ (1 + tanh z) = σ(2z):
 *
 *     y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) = x σ(a x + b x³)
 */
export const geluTanh: Activation = (x, bias) => gelu(geluTanhRegions, x, bias);

/** GELU with the exact normal distribution (`gelu`): y = ½ x (1 + erf(x / √2)). */
export const geluExact: Activation = (x, bias) => gelu(geluExactRegions, x, bias);

/** The forms of GELU by their names in configurations. */
export const gelus = { gelu: geluExact, gelu_new: geluTanh, gelu_pytorch_tanh: geluTanh, gelu_fast: geluTanh };

/** GELU times a second factor, by the names of its forms in configurations: y = GELU(gate) · up, as in GeGLU (arXiv 2002.05202). */
export const geluProducts = {
  gelu: geluTimes(geluExactRegions),
  gelu_new: geluTimes(geluTanhRegions),
  gelu_pytorch_tanh: geluTimes(geluTanhRegions),
};

function geluTimes({ value, gradient }: GeluRegions): (gate: tf.Tensor2D, up: tf.Tensor2D) => CheapValue {
  return (gate, up) =>
    cheapValue(
      [gate, up],
      (gate, up) => tf.mul(value(gate as tf.Tensor), up as tf.Tensor),
      (dy, sources) => {
        const [gate, up] = sources as [tf.Tensor, tf.Tensor];
        return [gradient(tf.mul(dy, up), gate), tf.mul(dy, value(gate))];
      },
    );
}

function gelu(regions: GeluRegions, x: tf.Tensor2D, bias: tf.Tensor | undefined): CheapValue {
  return bias === undefined
    ? cheapValue([x], regions.value, (dy, [x]) => [regions.gradient(dy, x as tf.Tensor)])
    : cheapValue([x, bias], regions.ofSum, (dy, [x, bias]) =>
        regions.gradientOfSum(dy, x as tf.Tensor, bias as tf.Tensor),
      );
}

/** SiLU times a second factor, as in SwiGLU (arXiv 2002.05202): y = gate σ(gate) · up. */
export function siluTimes(gate: tf.Tensor2D, up: tf.Tensor2D): CheapValue {
  return cheapValue([gate, up], siluProduct, (dy, [gate, up]) =>
    siluProductGradient(dy, gate as tf.Tensor, up as tf.Tensor),
  );
}
