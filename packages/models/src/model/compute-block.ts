import { recompute } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Params } from './types.js';

/** A layer of a decoder: hidden states to hidden states. */
type Layer = (layer: number, x: tf.Tensor2D) => tf.Tensor2D;

/** How a decoder's layers are computed. */
export type Block = (compute: Layer, layer: number, x: tf.Tensor2D) => tf.Tensor2D;

/** Computes a layer that keeps all that its gradient needs. */
export const computeBlock: Block = (compute, layer, x) => compute(layer, x);

/**
 * Computes layers that keep their input alone and are computed again for their gradient: see `recompute` of `@dpo/engine`.
 *
 * A layer's own trainable parameters are inputs of the second computation, so that they get their gradients.
 *
 * @param params the model's parameters
 * @param trainable names of the parameters that are trained
 * @param layers the layer of each parameter
 * @returns `block`, and the parameters that the layers must read from instead of `params`
 */
export function recomputedBlocks(
  params: Params,
  trainable: readonly string[],
  layers: ReadonlyMap<string, number>,
): { block: Block; params: Params } {
  let own: ReadonlyMap<string, tf.Tensor> = new Map();
  const block: Block = (compute, layer, x) => {
    const names = trainable.filter((name) => layers.get(name) === layer);
    const run = recompute((states, ...weights) => {
      const before = own;
      own = new Map(names.map((name, i) => [name, weights[i] as tf.Tensor]));
      try {
        return compute(layer, states as tf.Tensor2D);
      } finally {
        own = before;
      }
    });
    return run(x, ...names.map(params)) as tf.Tensor2D;
  };
  return { block, params: (name) => own.get(name) ?? params(name) };
}
