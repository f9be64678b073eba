import * as tf from '@tensorflow/tfjs-core';

/** Numbers held smoothly within ± cap: y = cap · tanh(x / cap), y′ = 1 − (y / cap)² (Gemma 2, arXiv 2408.00118). */
export function softCap<T extends tf.Tensor>(x: T, cap: number): T {
  return tf.mul<T>(tf.tanh(tf.div<T>(x, cap)), cap);
}
