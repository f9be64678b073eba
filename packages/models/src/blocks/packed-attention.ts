import type * as tf from '@tensorflow/tfjs-core';
import { type AttentionSettings, attention } from './attention.js';
import { attentionBias, type PackedLayout } from './attention-bias.js';

/**
 * How queries meet keys and values: those of the same pass under a mask (training, scoring), or those of all tokens so
 * far out of a cache (generation). q [B, H, T, headSize]; k, v [B, KV, T, headSize]; result as q.
 */
export type Attend = (
  layer: number,
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  settings?: AttentionSettings,
) => tf.Tensor4D;

/** Attention within packed rows: every answer sees its prompt and itself, as far as the layer's window goes. */
export function packedAttention(layout: PackedLayout): Attend {
  const biasOf = perWindow(layout.groups.shape[1], (window) => attentionBias(layout, window));
  return (_layer, q, k, v, settings = {}) => attention(q, k, v, biasOf(settings.window), settings);
}

/**
 * Makes what depends on the window alone once for all layers that have the same. A window as long as the row, which no
 * text in it exceeds, is none.
 */
export function perWindow<T>(
  length: number,
  make: (window: number | undefined) => T,
): (window: number | undefined) => T {
  const made = new Map<number | undefined, T>();
  return (asked) => {
    const window = asked === undefined || asked >= length ? undefined : asked;
    const known = made.get(window);
    if (known !== undefined) return known;
    const fresh = make(window);
    made.set(window, fresh);
    return fresh;
  };
}
