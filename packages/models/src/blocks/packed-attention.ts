import * as tf from '@tensorflow/tfjs-core';
import { pieceSizes } from './_piece-sizes.js';
import { type AttentionSettings, attention } from './attention.js';
import { attentionBias, type PackedLayout } from './attention-bias.js';

/**
 * How a layer's queries meet keys and values: the keys and values of the same pass under a mask (training, scoring), or of all
 * tokens so far out of a cache (generation). q [B, H, T, headSize]; k, v [B, KV, T, headSize]; the result has q's shape.
 */
export type Attend = (
  layer: number,
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  settings?: AttentionSettings,
) => tf.Tensor4D;

/** The least queries of a block. Smaller blocks leave out more pairs that no query may see, in more and smaller products. */
const QUERIES = 64;
/** More blocks than these save little more, and make the graph longer. */
const MOST_BLOCKS = 4;

/**
 * Attention within packed rows: every answer sees its prompt and itself, as far as the layer's window goes.
 *
 * No position sees a later position, so the queries of a packed row are divided into blocks, and each block meets only the keys
 * up to its own end. With four blocks, three eighths of all products are never computed and their weights never kept.
 */
export function packedAttention(layout: PackedLayout): Attend {
  const length = layout.groupNumbers.shape[1];
  const sizes = pieceSizes(length, Math.max(QUERIES, Math.ceil(length / MOST_BLOCKS)));
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, size) => sum + size, 0));
  const inBlocks = (x: tf.Tensor4D) => tf.split<tf.Tensor4D>(x, sizes, 2);
  const biasesOf = perWindow(length, (window) => {
    const whole = attentionBias(layout, window); // [B, 1, T, T]
    return inBlocks(whole).map((bias, i) => firstOf(bias, 3, ends[i] as number));
  });
  return (_layer, q, k, v, settings = {}) => {
    const biases = biasesOf(settings.window);
    const attended = inBlocks(q).map((queries, i) => {
      const end = ends[i] as number;
      return attention(queries, firstOf(k, 2, end), firstOf(v, 2, end), biases[i] as tf.Tensor4D, settings);
    });
    return tf.concat(attended, 2);
  };
}

/** The first `count` slices along an axis. */
function firstOf(x: tf.Tensor4D, axis: number, count: number): tf.Tensor4D {
  if (x.shape[axis] === count) return x;
  const size = x.shape.map((all, i) => (i === axis ? count : all)) as [number, number, number, number];
  return tf.slice(x, [0, 0, 0, 0], size);
}

/**
 * A function of a layer's window that calls `make` once for each different window. A window of `length` or more, which no text
 * of a packed row exceeds, counts as no window.
 *
 * @param length T, positions of a packed row
 */
export function perWindow<T>(
  length: number,
  make: (window: number | undefined) => T,
): (window: number | undefined) => T {
  const results = new Map<number | undefined, T>();
  return (layerWindow) => {
    const window = layerWindow === undefined || layerWindow >= length ? undefined : layerWindow;
    const earlier = results.get(window);
    if (earlier !== undefined) return earlier;
    const fresh = make(window);
    results.set(window, fresh);
    return fresh;
  };
}
