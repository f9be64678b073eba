import { after } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { pieceSizes } from './_piece-sizes.js';
import { cappedLogitGradient, capSlope, logitGradient, logSumExp } from './logit-regions.js';
import { softCap } from './soft-cap.js';
import { withGradient } from './with-gradient.js';

export { logSumExp };

/** Limits to the logits in memory, in bytes of float32. */
export interface LogitLimits {
  /** Up to this size the logits of all targets are kept for the gradient, beyond it they are computed in pieces. Default 128 MB. */
  readonly keep?: number;
  /** The size of a piece's logits. Default 64 MB. */
  readonly piece?: number;
}

const megabyte = 2 ** 20;

/** How hidden states become logits: z = cap(hidden · unembeddingᵀ + bias). */
export interface LogitHead {
  /** [V, D] */
  readonly unembedding: tf.Tensor2D;
  /** [V] */
  readonly bias?: tf.Tensor1D | undefined;
  /** The bound of the logits: cap · tanh(z / cap). Default none. */
  readonly cap?: number | undefined;
}

/** The logits of hidden states, [R, D] → [R, V]. */
export function logitsOf(hidden: tf.Tensor2D, { unembedding, bias, cap }: LogitHead): tf.Tensor2D {
  const products = tf.matMul<tf.Tensor2D>(hidden, unembedding, false, true);
  const sums = bias === undefined ? products : tf.add<tf.Tensor2D>(products, bias);
  return cap === undefined ? sums : softCap(sums, cap);
}

/**
 * log π of each target, the log-softmax of the logits at the target, in nats:
 *
 *     z = cap(hidden · unembeddingᵀ + bias)      y_r = z_{r, target_r} − log Σ_v exp z_{r, v}
 *
 * in float32, with the largest logit subtracted before exp. When the logits of all targets would take more than `limits.keep`
 * bytes, they are computed in pieces, one piece after the other, and again for the gradient
 *
 *     dz_{r, v} = dy_r (1[v = target_r] − softmax(z_r)_v),
 *
 * which a cap multiplies by its slope 1 − (z_{r, v} / cap)².
 *
 * @param hidden [R, D], behind the final norm
 * @param targets [R] int32
 * @returns [R]
 */
export function tokenLogps(
  hidden: tf.Tensor2D,
  head: LogitHead,
  targets: tf.Tensor1D,
  limits: LogitLimits = {},
): tf.Tensor1D {
  const [targetCount] = hidden.shape;
  const pieceSize = targetsOfPiece(hidden, head, limits);
  const logps =
    pieceSize === targetCount ? keepingLogits(hidden, head, targets) : inPieces(hidden, head, targets, pieceSize);
  return tf.reshape(logps, [targetCount]);
}

/** How many targets may have their logits in memory at once: all of them when the logits are small enough to be kept. */
export function targetsOfPiece(
  hidden: tf.Tensor2D,
  { unembedding }: LogitHead,
  { keep = 128 * megabyte, piece = 64 * megabyte }: LogitLimits,
): number {
  const [targetCount] = hidden.shape;
  const targetBytes = 4 * unembedding.shape[0];
  return targetCount * targetBytes <= keep ? targetCount : Math.max(1, Math.floor(piece / targetBytes));
}

function keepingLogits(hidden: tf.Tensor2D, head: LogitHead, targets: tf.Tensor1D): tf.Tensor {
  const { cap } = head;
  return withGradient(
    inputsOf(hidden, head),
    () => {
      const logits = logitsOf(hidden, head); // [R, V]
      const total = logSumExp(logits); // [R, 1]
      return {
        value: tf.sub(at(logits, targets), total),
        saved: [hidden, head.unembedding, targets, logits, total],
      };
    },
    (dy, [h, w, targets, logits, total]) => {
      const [z, columns] = [logits as tf.Tensor, targets as tf.Tensor1D];
      const push = pushOf(z, total as tf.Tensor, dy, cap); // [R, V]
      const pull = cap === undefined ? dy : underCap(dy, at(z, columns), cap); // [R, 1]
      return withTargets(pull, h as tf.Tensor, w as tf.Tensor, columns, {
        dh: tf.matMul(push, w as tf.Tensor),
        dw: tf.matMul(push, h as tf.Tensor, true, false),
        db: head.bias === undefined ? undefined : tf.sum(push, 0),
      });
    },
  );
}

function inPieces(hidden: tf.Tensor2D, head: LogitHead, targets: tf.Tensor1D, pieceSize: number): tf.Tensor {
  const sizes = pieceSizes(hidden.shape[0], pieceSize);
  const { bias, cap } = head;
  return withGradient(
    inputsOf(hidden, head),
    () => {
      const targetsOf = tf.split(targets, sizes);
      // When the engine stores the head in bfloat16, all pieces use one copy in float32, which exists while they are computed.
      const shared = { ...head, unembedding: after(head.unembedding, hidden) };
      const targetLogits: tf.Tensor[] = [];
      const totals: tf.Tensor[] = [];
      for (const [i, piece] of tf.split(hidden, sizes).entries()) {
        const last = totals.at(-1);
        const states = last === undefined ? piece : after(piece, last); // [r, D]
        const logits = logitsOf(states as tf.Tensor2D, shared);
        totals.push(logSumExp(logits)); // [r, 1]
        targetLogits.push(at(logits, targetsOf[i] as tf.Tensor1D)); // [r, 1]
      }
      const [total, target] = [tf.concat(totals), tf.concat(targetLogits)]; // [R, 1]
      return {
        value: tf.sub(target, total),
        saved: [hidden, head.unembedding, targets, total, target, ...(bias === undefined ? [] : [bias])],
      };
    },
    (dy, [h, w, targets, total, target, bias]) => {
      const totals = tf.split(tf.reshape(total as tf.Tensor, [1, -1]), sizes, 1);
      const dys = tf.split(tf.reshape(dy, [1, -1]), sizes, 1);
      const dhs: tf.Tensor[] = [];
      const unembedding = after(w as tf.Tensor, dy);
      let dw: tf.Tensor | undefined;
      let db: tf.Tensor | undefined;
      for (const [i, piece] of tf.split(h as tf.Tensor, sizes).entries()) {
        const states = after(piece, dhs.at(-1) ?? dy); // [r, D]
        // Logits are transposed here, [V, r]: the products below need no transposition, and a graph optimiser cannot reuse
        // the forward pass's logits, which would then have to stay in memory.
        const products = tf.matMul(unembedding, states, false, true);
        const sums = bias === undefined ? products : tf.add(products, tf.reshape(bias, [-1, 1]));
        const logits = cap === undefined ? sums : softCap(sums, cap);
        const push = pushOf(logits, totals[i] as tf.Tensor, dys[i] as tf.Tensor, cap);
        dhs.push(tf.matMul(push, unembedding, true, false)); // [r, D]
        dw = plus(dw, tf.matMul(push, states)); // [V, D]
        if (bias !== undefined) db = plus(db, tf.sum(push, 1)); // [V]
      }
      const parts = { dh: tf.concat(dhs), dw: dw as tf.Tensor, db };
      const pull = underCap(dy, target as tf.Tensor, cap);
      return withTargets(pull, h as tf.Tensor, w as tf.Tensor, targets as tf.Tensor1D, parts);
    },
  );
}

function inputsOf(hidden: tf.Tensor, { unembedding, bias }: LogitHead): tf.Tensor[] {
  return bias === undefined ? [hidden, unembedding] : [hidden, unembedding, bias];
}

/** The share −dy · softmax(z) of the gradient by the logits before the cap, which pushes all logits down. */
function pushOf(z: tf.Tensor, total: tf.Tensor, dy: tf.Tensor, cap: number | undefined): tf.Tensor {
  return cap === undefined ? logitGradient(z, total, dy) : cappedLogitGradient(z, total, dy, cap);
}

/** The gradient by the capped logits z, as a gradient by the logits before the cap. */
function underCap(gradient: tf.Tensor, z: tf.Tensor, cap: number | undefined): tf.Tensor {
  return cap === undefined ? gradient : tf.mul(gradient, capSlope(z, cap));
}

function plus(sum: tf.Tensor | undefined, part: tf.Tensor): tf.Tensor {
  return sum === undefined ? part : tf.add(sum, part);
}

/** The gradients with the share of the targets' own logits. */
function withTargets(
  pull: tf.Tensor, // [R, 1]
  h: tf.Tensor, // [R, D]
  w: tf.Tensor, // [V, D]
  targets: tf.Tensor1D, // [R]
  { dh, dw, db }: { readonly dh: tf.Tensor; readonly dw: tf.Tensor; readonly db: tf.Tensor | undefined },
): tf.Tensor[] {
  const vocabSize = w.shape[0] as number;
  const gradients = [
    tf.add(dh, tf.mul(tf.gather(w, targets), pull)),
    tf.add(dw, tf.unsortedSegmentSum(tf.mul(h, pull), targets, vocabSize)),
  ];
  if (db === undefined) return gradients;
  return [...gradients, tf.add(db, tf.reshape(tf.unsortedSegmentSum(pull, targets, vocabSize), [vocabSize]))];
}

/** The logit at one token of the vocabulary for each target: [r, V], [r] int32 → [r, 1]. */
export function at(logits: tf.Tensor, tokens: tf.Tensor1D): tf.Tensor {
  const [targetCount, width] = logits.shape as [number, number];
  const starts = tf.range(0, targetCount * width, width, 'int32');
  return tf.reshape(tf.gather(tf.reshape(logits, [targetCount * width]), tf.add(tokens, starts)), [targetCount, 1]);
}
