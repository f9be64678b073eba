import { random } from '@dpo/base';
import { statelessUniform } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from '../blocks/with-gradient.js';
import { type Adapter, adapterWeightName, magnitudeName } from './types.js';

/** An adapted layer's surroundings inside an engine function. */
export interface LayerInputs {
  readonly layer: string;
  /** [n, in] */
  readonly x: tf.Tensor2D;
  readonly params: (name: string) => tf.Tensor;
  /** How W is stored. */
  readonly layout: 'out-in' | 'in-out';
  /** x W with the base's W: [n, in] → [n, out]. */
  readonly product: (x: tf.Tensor2D) => tf.Tensor2D;
  /** The step's number, a scalar int32, and the number of each position, [n] int32. Absent: nothing is dropped. */
  readonly dropout?: { readonly step: tf.Tensor; readonly numbers: tf.Tensor1D } | undefined;
}

/**
 * A linear layer without its bias, with what the adapter makes of it: [n, in] → [n, out].
 *
 *     LoRA   y = x W + s x Aᵀ Bᵀ
 *     DoRA   y = m / ‖W + s B A‖ · (x W + s x Aᵀ Bᵀ), the norm of each output's weights, a constant to the gradient
 *
 * Dropout leaves out elements of x for the second term, and multiplies the others by 1 / (1 − p); for DoRA also in the
 * part of x W that the magnitude adds, as in PEFT.
 */
export function adaptedProduct(adapter: Adapter | undefined, inputs: LayerInputs): tf.Tensor2D {
  const { layer, x, params, product, dropout } = inputs;
  const index = adapter?.layers.findIndex(({ name }) => name === layer) ?? -1;
  const adapted = adapter?.layers[index];
  if (adapter === undefined || adapted === undefined) return product(x);
  const a = params(adapterWeightName(layer, 'A'));
  const b = params(adapterWeightName(layer, 'B'));
  const dropping = dropout !== undefined && adapter.dropout > 0;
  const seen = dropping ? dropped(x, adapter, index, dropout) : x;
  const inner = tf.matMul<tf.Tensor2D>(seen, a, false, true); // [n, rank]
  const delta = tf.matMul<tf.Tensor2D>(tf.mul(inner, adapted.scaling), b, false, true); // [n, out]
  if (!adapter.dora) return tf.add(product(x), delta);

  const norm = directionNorm(params(`${layer}.weight`), a, b, adapted.scaling, inputs.layout); // [out]
  const scale = tf.div(params(magnitudeName(layer)), norm); // [out]
  if (!dropping) return tf.mul(tf.add(product(x), delta), scale);
  const changed = tf.add(tf.mul(product(seen), tf.sub(scale, 1)), tf.mul(delta, scale));
  return tf.add(product(x), changed);
}

/** The places at which draws begin: as many as positions can have numbers. */
const DROPOUT_NUMBERS = 2 ** 15;

/**
 * x with each element left out with the adapter's probability p, the others divided by 1 − p. One list is drawn for the step
 * and the layer, and each position reads the list from the place that the position's number says. A draw depends on that number alone, and
 * not on the batch.
 */
function dropped(
  x: tf.Tensor2D,
  { dropout, seed }: Adapter,
  layer: number,
  { step, numbers }: NonNullable<LayerInputs['dropout']>,
): tf.Tensor2D {
  const own = Math.floor(random(seed, layer)() * 2 ** 31);
  const key = tf.concat([tf.reshape(step, [1]), tf.tensor1d([own], 'int32')]); // [2]
  const [count, width] = x.shape;
  const remaining = tf.cast(tf.greaterEqual(statelessUniform([DROPOUT_NUMBERS + width], key), dropout), 'float32');
  const factors = tf.mul(remaining, 1 / (1 - dropout));
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
    // The paper holds the norm constant (section 4.3), which saves memory and changes little.
    (_, saved) => saved.map((tensor) => tf.zerosLike(tensor)),
  );
}
