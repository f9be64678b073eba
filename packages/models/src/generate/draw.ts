import * as tf from '@tensorflow/tfjs-core';
import { at, logSumExp } from '../blocks/token-logps.js';

/** How the next token comes out of the logits. `filter` leaves the choice to JavaScript, which gets the logits. */
export type DrawMode = 'greedy' | 'sample' | 'filter';

/**
 * The next token of each row and its log-probability under the untempered model, in nats.
 *
 * `sample` inverts the distribution function: the first token whose cumulated weight exceeds u times the weight of all,
 * weights e^{logit / temperature}. `greedy` takes the likeliest, the first of equal ones.
 *
 * @param logits [B, V]
 * @param uniform [B] in [0, 1)
 * @param sharpness 1 / temperature, a scalar
 */
export function draw(
  mode: DrawMode,
  logits: tf.Tensor2D,
  uniform: tf.Tensor,
  sharpness: tf.Tensor,
): Record<string, tf.Tensor> {
  const total = logSumExp(logits); // [B, 1]
  if (mode === 'filter') return { logits, total: tf.reshape(total, [-1]) };
  const tokens = mode === 'greedy' ? tf.argMax<tf.Tensor1D>(logits, 1) : sampled(logits, uniform, sharpness);
  return { tokens, logps: tf.reshape(tf.sub(at(logits, tokens), total), [-1]) };
}

function sampled(logits: tf.Tensor2D, uniform: tf.Tensor, sharpness: tf.Tensor): tf.Tensor1D {
  const [rows, vocabulary] = logits.shape;
  const weights = tf.exp(tf.mul(tf.sub(logits, tf.max(logits, 1, true)), sharpness)); // [B, V]
  const cumulated = tf.cumsum(weights, 1);
  const all = tf.slice(cumulated, [0, vocabulary - 1], [rows, 1]);
  const passed = tf.lessEqual(cumulated, tf.mul(tf.reshape(uniform, [rows, 1]), all));
  // u < 1, yet u · all may round up to all.
  return tf.minimum(tf.sum(tf.cast(passed, 'int32'), 1), tf.scalar(vocabulary - 1, 'int32')) as tf.Tensor1D;
}
