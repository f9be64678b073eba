import * as tf from '@tensorflow/tfjs-core';
import { type CheapValue, cheapValue } from './cheap-value.js';
import { type GeluRegions, geluExactRegions, geluTanhRegions } from './gelu-regions.js';
import { siluProduct, siluProductGradient } from './silu-regions.js';
import { withGradient } from './with-gradient.js';

/** An activation y(x + bias), of a layer's product x [N, D] and the layer's bias [D], if it has one. */
export type Activation = (x: tf.Tensor2D, bias?: tf.Tensor) => tf.Tensor2D;

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

function gelu(regions: GeluRegions, x: tf.Tensor2D, bias: tf.Tensor | undefined): tf.Tensor2D {
  const value =
    bias === undefined
      ? withGradient(
          [x],
          () => ({ value: regions.value(x), saved: [x] }),
          (dy, [x]) => [regions.gradient(dy, x as tf.Tensor)],
        )
      : withGradient(
          [x, bias],
          () => ({ value: regions.ofSum(x, bias), saved: [x, bias] }),
          (dy, [x, bias]) => regions.gradientOfSum(dy, x as tf.Tensor, bias as tf.Tensor),
        );
  return value as tf.Tensor2D;
}

/** SiLU times a second factor, as in SwiGLU (arXiv 2002.05202): y = gate σ(gate) · up. */
export function siluTimes(gate: tf.Tensor2D, up: tf.Tensor2D): CheapValue {
  return cheapValue([gate, up], siluProduct, (dy, [gate, up]) =>
    siluProductGradient(dy, gate as tf.Tensor, up as tf.Tensor),
  );
}

/** An activation times a second factor, as in GeGLU (arXiv 2002.05202): y = activated · up. The activation itself is kept. */
export function activationTimes(activated: tf.Tensor2D, up: tf.Tensor2D): CheapValue {
  const product = (...[a, b]: tf.Tensor[]) => tf.mul(a as tf.Tensor, b as tf.Tensor);
  return cheapValue([activated, up], product, (dy, [a, b]) => [tf.mul(dy, b as tf.Tensor), tf.mul(dy, a as tf.Tensor)]);
}
