import * as tf from '@tensorflow/tfjs-core';
import { softCap } from './soft-cap.js';

/**
 * Rows of a linear layer's output as heads: [B·T, H·headSize] → [B, H, T, headSize].
 */
export function splitHeads(x: tf.Tensor2D, rows: number, length: number, heads: number): tf.Tensor4D {
  const size = x.shape[1] / heads;
  // With one position a row, as in generation, both layouts are the same.
  if (length === 1) return tf.reshape(x, [rows, heads, 1, size]);
  return tf.transpose(tf.reshape(x, [rows, length, heads, size]), [0, 2, 1, 3]) as tf.Tensor4D;
}

/** The way back: [B, H, T, headSize] → [B·T, H·headSize]. */
export function joinHeads(x: tf.Tensor4D): tf.Tensor2D {
  const [rows, heads, length, size] = x.shape;
  const byPosition = length === 1 ? x : tf.transpose(x, [0, 2, 1, 3]);
  return tf.reshape(byPosition, [rows * length, heads * size]);
}

/** How a layer's attention differs from the plain one. */
export interface AttentionSettings {
  /** What scores are multiplied by. Default 1 / √headSize. */
  readonly scale?: number | undefined;
  /** Keeps scores within ± this: cap · tanh(score / cap) (Gemma 2, arXiv 2408.00118). */
  readonly cap?: number | undefined;
  /** How many positions are seen, the own one included (sliding windows, arXiv 2310.06825). Default all before. */
  readonly window?: number | undefined;
}

/**
 * Scaled dot-product attention, softmax(cap(scale · q kᵀ) + bias) v, with grouped queries (arXiv 2305.13245): G = H / KV
 * query heads in a row share a key-value head. The queries of a group are stacked along the positions, so that keys
 * and values are not repeated. A window is the bias's business.
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
  const [rows, heads, length, size] = q.shape;
  const [, shared, keys] = k.shape;
  const stacked = [rows, shared, (heads / shared) * length];
  const scaled = tf.reshape(tf.mul(q, scale ?? 1 / Math.sqrt(size)), [...stacked, size]);
  const products = tf.reshape(tf.matMul(scaled, k, false, true), [rows, heads, length, keys]);
  const scores = cap === undefined ? products : softCap(products, cap);
  const weights = tf.reshape(tf.softmax(tf.add(scores, bias)), [...stacked, keys]);
  return tf.reshape(tf.matMul(weights, v), [rows, heads, length, size]);
}
