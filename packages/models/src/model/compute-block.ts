import { recompute } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Params } from './types.js';

/** A layer of a decoder: hidden states to hidden states. */
type Layer = (layer: number, x: tf.Tensor2D) => tf.Tensor2D;

/** How a decoder's layers are computed. */
export type Block = (compute: Layer, layer: number, x: tf.Tensor2D) => tf.Tensor2D;

/** Layers that keep what their gradient needs. */
export const computeBlock: Block = (compute, layer, x) => compute(layer, x);

/**
 * Layers that keep their input alone and are computed again for their gradient: see `recompute` of `@dpo/engine`.
 *
 * A layer's own trainable parameters are inputs of that second computation, so that their gradients flow; which are a
 * layer's own, `layers` says. `params` is what the layers must read their parameters through.
 */
export function recomputedBlocks(
  given: Params,
  trainable: readonly string[],
  layers: ReadonlyMap<string, number>,
): { block: Block; params: Params } {
  let own: ReadonlyMap<string, tf.Tensor> = new Map();
  const block: Block = (compute, layer, x) => {
    const names = trainable.filter((name) => layers.get(name) === layer);
    const again = recompute((rows, ...weights) => {
      const before = own;
      own = new Map(names.map((name, i) => [name, weights[i] as tf.Tensor]));
      try {
        return compute(layer, rows as tf.Tensor2D);
      } finally {
        own = before;
      }
    });
    return again(x, ...names.map(given)) as tf.Tensor2D;
  };
  return { block, params: (name) => own.get(name) ?? given(name) };
}
