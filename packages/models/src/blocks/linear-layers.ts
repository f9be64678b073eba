import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from './activations.js';
import { addBias, addToResidual } from './bias.js';
import type { LayerInput } from './cheap-value.js';

/** The linear layers of a model, by their names without `.weight`, with their biases and adapters. */
export interface LinearLayers {
  /** A layer of x, and an activation behind it: [n, in] → [n, out]. Default: no activation. */
  linear(x: LayerInput, layer: string, activation?: Activation): tf.Tensor2D;
  /** The residual stream [n, out] with a layer of x [n, in] added to it. */
  addLinear(residual: tf.Tensor2D, x: LayerInput, layer: string): tf.Tensor2D;
}

/**
 * Linear layers out of their products and biases.
 *
 * @param productOf a layer of x without its bias: [n, in] → [n, out]
 * @param biasOf a layer's bias, [out]; undefined for a layer without
 */
export function linearLayers(
  productOf: (x: LayerInput, layer: string) => tf.Tensor2D,
  biasOf: (layer: string) => tf.Tensor | undefined,
): LinearLayers {
  return {
    linear: (x, layer, activation = addBias) => activation(productOf(x, layer), biasOf(layer)),
    addLinear: (residual, x, layer) => addToResidual(residual, productOf(x, layer), biasOf(layer)),
  };
}
