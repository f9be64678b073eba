import { after } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { pieceSizes } from './_piece-sizes.js';
import { at, type LogitHead, type LogitLimits, logitsOf, logSumExp, targetsOfPiece } from './token-logps.js';

/**
 * The alignment of each target with what the model would draw, in nats, without a gradient:
 *
 *     a_r = log π(target_r) − log Σ_v π(v)² = z_{r, target_r} + log Σ_v exp z_{r, v} − log Σ_v exp 2 z_{r, v}
 *
 * The alignment is 0 for every token of a uniform distribution, and for the only token of a certain distribution. It is below
 * 0 for tokens that are less likely than a drawn token is on average. Source: "sampled alignment" of WPO, arXiv 2406.11827.
 *
 * @param hidden [R, D], behind the final norm
 * @param targets [R] int32
 * @param limits how many logits are in memory at once
 * @returns [R]
 */
export function tokenAlignments(
  hidden: tf.Tensor2D,
  head: LogitHead,
  targets: tf.Tensor1D,
  limits: LogitLimits = {},
): tf.Tensor1D {
  const sizes = pieceSizes(hidden.shape[0], targetsOfPiece(hidden, head, limits));
  const compute = (states: tf.Tensor): tf.Tensor => {
    const targetsOf = tf.split(targets, sizes);
    // One copy in float32 of a head that is stored in bfloat16 serves all pieces.
    const shared = { ...head, unembedding: after(head.unembedding, states) };
    const pieces: tf.Tensor[] = [];
    for (const [i, piece] of tf.split(states, sizes).entries()) {
      const last = pieces.at(-1);
      const input = last === undefined ? piece : after(piece, last);
      const logits = logitsOf(input as tf.Tensor2D, shared); // [r, V]
      const total = tf.sub(logSumExp(logits), logSumExp(tf.mul(logits, 2)));
      pieces.push(tf.add(at(logits, targetsOf[i] as tf.Tensor1D), total)); // [r, 1]
    }
    return tf.reshape(tf.concat(pieces), [states.shape[0] as number]);
  };
  // The unembedding is no input, so that no zeros of the unembedding's size are added to its gradient.
  const op = tf.customGrad((states) => {
    const { shape } = states as tf.Tensor;
    return { value: compute(states as tf.Tensor), gradFunc: () => tf.zeros(shape) };
  });
  return op(hidden) as tf.Tensor1D;
}
