import { random } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';

/** One pre-norm transformer layer on rows of a table, reduced to a number. */
export function layerLoss(x: tf.Tensor, ids: tf.Tensor, weights: readonly tf.Tensor[], D: number): tf.Scalar {
  const [B, T] = x.shape as [number, number];
  const [qkv, o, g, up, down] = weights as tf.Tensor2D[] as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor,
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const norm = (h: tf.Tensor) => tf.mul(tf.mul(h, tf.rsqrt(tf.add(tf.mean(tf.square(h), -1, true), 1e-5))), g);
  const h0 = tf.add(tf.reshape(x, [B * T, D]), tf.gather(o, tf.reshape(ids, [B * T])));
  const heads = tf.transpose(tf.reshape(tf.matMul(norm(h0) as tf.Tensor2D, qkv), [B, T, 3, 2, D / 2]), [2, 0, 3, 1, 4]);
  const [q, k, v] = tf.unstack(heads) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const causal = tf.greaterEqual(tf.reshape(tf.range(0, T, 1, 'int32'), [T, 1]), tf.range(0, T, 1, 'int32'));
  const scores = tf.where(causal, tf.matMul(q, k, false, true), tf.scalar(-1e9));
  const mixed = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]), [B * T, D]) as tf.Tensor2D;
  const h1 = tf.add(h0, tf.matMul(mixed, o));
  const h2 = tf.add(h1, tf.matMul(tf.tanh(tf.matMul(norm(h1) as tf.Tensor2D, up)) as tf.Tensor2D, down));
  const rows = tf.unsortedSegmentSum(h2, tf.reshape(ids, [B * T]) as tf.Tensor1D, 5);
  return tf.mean(tf.softplus(tf.logSumExp(rows, -1))) as tf.Scalar;
}

/** Numbers in [−½, ½), reproducible from the key. */
export function noise(size: number, ...key: readonly number[]): Float32Array {
  const next = random(...key);
  return Float32Array.from({ length: size }, () => next() - 0.5);
}
