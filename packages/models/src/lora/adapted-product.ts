import { random } from '@dpo/base';
import { statelessUniform } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from '../blocks/with-gradient.js';
import { type Adapter, adapterWeightName, magnitudeName } from './types.js';

/** An adapted layer's surroundings inside an engine function. */
export interface LayerInputs {
  readonly layer: string;
  /** [rows, in] */
  readonly x: tf.Tensor2D;
  readonly params: (name: string) => tf.Tensor;
  /** How W is stored. */
  readonly layout: 'out-in' | 'in-out';
  /** x W with the base's W: [rows, in] → [rows, out]. */
  readonly product: (x: tf.Tensor2D) => tf.Tensor2D;
  /** A scalar int32 that is another at each training step; without it nothing is dropped. */
  readonly dropoutSeed?: tf.Tensor | undefined;
}

/**
 * A linear layer without its bias, with what the adapter makes of it: [rows, in] → [rows, out].
 *
 *     LoRA   y = x W + s x Aᵀ Bᵀ
 *     DoRA   y = m / ‖W + s B A‖ · (x W + s x Aᵀ Bᵀ), the norm of each output's weights, a constant to the gradient
 *
 * Dropout leaves out elements of x for the second term, and multiplies the others by 1 / (1 − p); for DoRA also in the
 * part of x W that the magnitude adds, as in PEFT.
 */
export function adaptedProduct(adapter: Adapter | undefined, inputs: LayerInputs): tf.Tensor2D {
  const { layer, x, params, product, dropoutSeed } = inputs;
  const index = adapter?.layers.findIndex(({ name }) => name === layer) ?? -1;
  const adapted = adapter?.layers[index];
  if (adapter === undefined || adapted === undefined) return product(x);
  const a = params(adapterWeightName(layer, 'A'));
  const b = params(adapterWeightName(layer, 'B'));
  const dropping = dropoutSeed !== undefined && adapter.dropout > 0;
  const seen = dropping ? dropped(x, adapter, index, dropoutSeed) : x;
  const inner = tf.matMul<tf.Tensor2D>(seen, a, false, true); // [rows, rank]
  const delta = tf.matMul<tf.Tensor2D>(tf.mul(inner, adapted.scaling), b, false, true); // [rows, out]
  if (!adapter.dora) return tf.add(product(x), delta);

  const norm = directionNorm(params(`${layer}.weight`), a, b, adapted.scaling, inputs.layout); // [out]
  const scale = tf.div(params(magnitudeName(layer)), norm); // [out]
  if (!dropping) return tf.mul(tf.add(product(x), delta), scale);
  const changed = tf.add(tf.mul(product(seen), tf.sub(scale, 1)), tf.mul(delta, scale));
  return tf.add(product(x), changed);
}

/** x with each element left out with the adapter's probability p, the others divided by 1 − p. */
function dropped(x: tf.Tensor2D, { dropout, seed }: Adapter, layer: number, step: tf.Tensor): tf.Tensor2D {
  const own = Math.floor(random(seed, layer)() * 2 ** 31);
  const key = tf.concat([tf.reshape(step, [1]), tf.tensor1d([own], 'int32')]); // [2]
  const kept = tf.cast(tf.greaterEqual(statelessUniform(x.shape, key), dropout), 'float32');
  return tf.mul(x, tf.mul(kept, 1 / (1 - dropout)));
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
