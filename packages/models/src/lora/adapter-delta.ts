import * as tf from '@tensorflow/tfjs-core';
import { type Adapter, adapterWeightName } from './types.js';

/**
 * What the adapter adds to a layer's output: (alpha / rank) x Aᵀ Bᵀ, [rows, in] → [rows, out]. Undefined for a layer
 * that it leaves alone.
 */
export function adapterDelta(
  adapter: Adapter,
  layer: string,
  x: tf.Tensor2D,
  params: (name: string) => tf.Tensor,
): tf.Tensor2D | undefined {
  const a = adapterWeightName(layer, 'A');
  if (!adapter.weights.has(a)) return undefined;
  const inner = tf.matMul<tf.Tensor2D>(x, params(a), false, true); // [rows, rank]
  const scaled = tf.mul<tf.Tensor2D>(inner, adapter.scaling);
  return tf.matMul<tf.Tensor2D>(scaled, params(adapterWeightName(layer, 'B')), false, true); // [rows, out]
}
