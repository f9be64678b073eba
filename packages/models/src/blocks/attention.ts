import * as tf from '@tensorflow/tfjs-core';
import { softCap } from './soft-cap.js';
import { biasedSoftmax, biasedSoftmaxGradient } from './softmax-regions.js';
import { withGradient } from './with-gradient.js';

/**
 * A linear layer's output divided into heads: [B·T, H·headSize] → [B, H, T, headSize].
 *
 * @param packedRows B: packed rows in training and scoring, sequences in generation
 * @param length T
 * @param heads H
 */
export function splitHeads(x: tf.Tensor2D, packedRows: number, length: number, heads: number): tf.Tensor4D {
  const size = x.shape[1] / heads;
  // With one position to a sequence, as in generation, both layouts are the same.
  if (length === 1) return tf.reshape(x, [packedRows, heads, 1, size]);
  return tf.transpose(tf.reshape(x, [packedRows, length, heads, size]), [0, 2, 1, 3]) as tf.Tensor4D;
}

/** The inverse of {@link splitHeads}: [B, H, T, headSize] → [B·T, H·headSize]. */
export function joinHeads(x: tf.Tensor4D): tf.Tensor2D {
  const [packedRows, heads, length, size] = x.shape;
  const byPosition = length === 1 ? x : tf.transpose(x, [0, 2, 1, 3]);
  return tf.reshape(byPosition, [packedRows * length, heads * size]);
}

/** How a layer's attention differs from plain attention. */
export interface AttentionSettings {
  /** The factor of the scores. Default 1 / √headSize. */
  readonly scale?: number | undefined;
  /** The bound of the scores: cap · tanh(score / cap) (Gemma 2, arXiv 2408.00118). Default none. */
  readonly cap?: number | undefined;
  /** How many positions a position sees, its own included (sliding windows, arXiv 2310.06825). Default all before it. */
  readonly window?: number | undefined;
}

/**
 * Scaled dot-product attention, softmax(cap(scale · q kᵀ) + bias) v, with grouped queries (arXiv 2305.13245): H / KV
 * successive query heads share a key-value head. The queries of a group are stacked along the positions, so that keys
 * and values are not repeated. The bias hides what lies outside of a window.
 *
 * @param q [B, H, T, headSize]
 * @param k [B, KV, S, headSize]
 * @param v [B, KV, S, headSize]
 * @param bias [B, 1, T, S]
 * @returns [B, H, T, headSize]
 */
export function attention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  bias: tf.Tensor4D,
  { scale, cap }: AttentionSettings = {},
): tf.Tensor4D {
  const [packedRows, heads, length, size] = q.shape;
  const [, keyValueHeads, keys] = k.shape;
  const stack = [packedRows, keyValueHeads, (heads / keyValueHeads) * length];
  const queries = tf.reshape(q, [...stack, size]);
  const products = tf.reshape(tf.matMul(queries, k, false, true), [packedRows, heads, length, keys]);
  const factor = scale ?? 1 / Math.sqrt(size);
  const weights =
    cap === undefined
      ? attentionWeights(products, bias, factor)
      : attentionWeights(softCap(tf.mul(products, factor), cap), bias, 1);
  const values = tf.matMul(tf.reshape(weights, [...stack, keys]), v);
  return tf.reshape(values, [packedRows, heads, length, size]);
}

/** softmax(scale · products + bias) over the keys; the bias has no gradient. */
function attentionWeights(products: tf.Tensor, bias: tf.Tensor, scale: number): tf.Tensor {
  return withGradient(
    [products],
    () => {
      const value = biasedSoftmax(products, bias, scale);
      return { value, saved: [value] };
    },
    (dy, [weights]) => [biasedSoftmaxGradient(dy, weights as tf.Tensor, scale)],
  );
}
