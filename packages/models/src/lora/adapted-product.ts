import { random } from '@dpo/base';
import { statelessUniform } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type LayerInput, tensorOf, weightProduct } from '../blocks/cheap-value.js';
import { withGradient } from '../blocks/with-gradient.js';
import { type Adapter, adapterWeightName, magnitudeName } from './types.js';

/** A linear layer's input inside an engine function, and what the layer is computed with. */
export interface LayerInputs {
  /** The layer's name. */
  readonly layer: string;
  /** [n, in], n positions */
  readonly x: LayerInput;
  /** The parameters of base and adapter. */
  readonly params: (name: string) => tf.Tensor;
  /** How W is stored. */
  readonly layout: 'out-in' | 'in-out';
  /** x W with the base's W: [n, in] → [n, out]. */
  readonly product: (x: LayerInput) => tf.Tensor2D;
  /** The step's number, a scalar int32, and the number of each position, [n] int32. Default: there is no dropout. */
  readonly dropout?: { readonly step: tf.Tensor; readonly numbers: tf.Tensor1D } | undefined;
}

/**
 * A linear layer with its adapter and without its bias, [n, in] → [n, out], with s the layer's scaling:
 *
 *     LoRA   y = x W + s x Aᵀ Bᵀ
 *     DoRA   y = m / ‖W + s B A‖ · (x W + s x Aᵀ Bᵀ)
 *
 * The norm is taken over each output's weights, and is a constant to the gradient. Dropout sets elements of x to 0 in the second
 * term and multiplies the others by 1 / (1 − p). For DoRA it also counts in the share of x W that the magnitude adds, as in PEFT.
 * Without an adapter of the layer, the product alone.
 */
export function adaptedProduct(adapter: Adapter | undefined, inputs: LayerInputs): tf.Tensor2D {
  const { layer, x, params, product, dropout } = inputs;
  const index = adapter?.layers.findIndex(({ name }) => name === layer) ?? -1;
  const adaptedLayer = adapter?.layers[index];
  if (adapter === undefined || adaptedLayer === undefined) return product(x);
  const { scaling } = adaptedLayer;
  const a = params(adapterWeightName(layer, 'A'));
  const b = params(adapterWeightName(layer, 'B'));
  const hasDropout = dropout !== undefined && adapter.dropout > 0;
  const input = hasDropout ? dropOut(tensorOf(x), adapter, index, dropout) : x;
  const inner = weightProduct(input, a as tf.Tensor2D, true); // [n, rank]
  const delta = tf.matMul<tf.Tensor2D>(tf.mul(inner, scaling), b, false, true); // [n, out]
  if (!adapter.dora) return tf.add(product(x), delta);

  const norm = directionNorm(params(`${layer}.weight`), a, b, scaling, inputs.layout); // [out]
  const scale = tf.div(params(magnitudeName(layer)), norm); // [out]
  if (!hasDropout) return tf.mul(tf.add(product(x), delta), scale);
  const change = tf.add(tf.mul(product(input), tf.sub(scale, 1)), tf.mul(delta, scale));
  return tf.add(product(x), change);
}

/** How many numbers a position can have. */
const DROPOUT_NUMBERS = 2 ** 15;

/**
 * x with each element set to 0 with the adapter's probability p, and divided by 1 − p otherwise. One list of random numbers is
 * drawn for the step and the layer, and a position with number i reads the list from place i on. So a draw does not depend on
 * where the position stands in the batch.
 */
function dropOut(
  x: tf.Tensor2D,
  { dropout, seed }: Adapter,
  layer: number,
  { step, numbers }: NonNullable<LayerInputs['dropout']>,
): tf.Tensor2D {
  const layerSeed = Math.floor(random(seed, layer)() * 2 ** 31);
  const key = tf.concat([tf.reshape(step, [1]), tf.tensor1d([layerSeed], 'int32')]); // [2]
  const [count, width] = x.shape;
  const mask = tf.cast(tf.greaterEqual(statelessUniform([DROPOUT_NUMBERS + width], key), dropout), 'float32');
  const factors = tf.mul(mask, 1 / (1 - dropout));
  const places = tf.add(tf.reshape(numbers, [count, 1]), tf.reshape(tf.range(0, width, 1, 'int32'), [1, width]));
  return tf.mul(x, tf.reshape(tf.gather(factors, tf.reshape(places, [-1])), [count, width]));
}

/** W + scaling · B A, in W's layout. */
export function adaptedWeight(
  weight: tf.Tensor,
  a: tf.Tensor,
  b: tf.Tensor,
  scaling: number,
  layout: 'out-in' | 'in-out',
): tf.Tensor {
  const product = layout === 'out-in' ? tf.matMul(b, a) : tf.matMul(a, b, true, true);
  return tf.add(weight, tf.mul(product, scaling));
}

/** The Euclidean norm of each output's weights, [out]. */
export function outputNorms(weight: tf.Tensor, layout: 'out-in' | 'in-out'): tf.Tensor {
  return tf.sqrt(tf.sum(tf.square(weight), layout === 'out-in' ? 1 : 0));
}

function directionNorm(weight: tf.Tensor, a: tf.Tensor, b: tf.Tensor, scaling: number, layout: 'out-in' | 'in-out') {
  return withGradient(
    [a, b],
    () => ({ value: outputNorms(adaptedWeight(weight, a, b, scaling, layout), layout), saved: [a, b] }),
    // The paper treats the norm as a constant (section 4.3), which saves memory and changes little.
    (_, saved) => saved.map((tensor) => tf.zerosLike(tensor)),
  );
}
