import * as tf from '@tensorflow/tfjs-core';
import { after } from './_after.js';
import { withGradient } from './_with-gradient.js';

/** When logits are kept and how many there are at once, in bytes of float32. */
export interface LogitLimits {
  /** Up to this size the logits of all rows stay in memory for the gradient; beyond it they are computed again. */
  readonly keep?: number;
  /** The size of a piece where they are computed in pieces. */
  readonly piece?: number;
}

const megabyte = 2 ** 20;

/**
 * log π of given tokens, the log-softmax of the logits at them, in nats:
 *
 *     z = hidden · unembeddingᵀ      y_r = z_{r, target_r} − log Σ_v exp z_{r, v}
 *
 * in float32 with the largest logit taken out of the sum. Where the logits of all rows would take more than
 * `limits.keep` bytes, they are computed in pieces of rows, one piece after the other, and again for the gradient
 *
 *     dz_{r, v} = dy_r (1[v = target_r] − softmax(z_r)_v).
 *
 * @param hidden [R, D]
 * @param unembedding [V, D]
 * @param targets [R] int32
 * @returns [R]
 */
export function tokenLogps(
  hidden: tf.Tensor2D,
  unembedding: tf.Tensor2D,
  targets: tf.Tensor1D,
  { keep = 128 * megabyte, piece = 64 * megabyte }: LogitLimits = {},
): tf.Tensor1D {
  const rowBytes = 4 * unembedding.shape[0];
  const whole = hidden.shape[0] * rowBytes <= keep;
  const logps = whole
    ? keepingLogits(hidden, unembedding, targets)
    : inPieces(hidden, unembedding, targets, Math.max(1, Math.floor(piece / rowBytes)));
  return tf.reshape(logps, [hidden.shape[0]]);
}

function keepingLogits(hidden: tf.Tensor2D, unembedding: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor {
  return withGradient(
    [hidden, unembedding],
    () => {
      const logits = tf.matMul(hidden, unembedding, false, true); // [R, V]
      const total = logSumExp(logits); // [R, 1]
      return {
        value: tf.sub(at(logits, targets), total),
        saved: [hidden, unembedding, targets, logits, total],
      };
    },
    (dy, [h, w, targets, logits, total]) => {
      const push = tf.mul(tf.exp(tf.sub(logits as tf.Tensor, total as tf.Tensor)), tf.neg(dy)); // [R, V]
      return withTargets(dy, h as tf.Tensor, w as tf.Tensor, targets as tf.Tensor1D, {
        dh: tf.matMul(push, w as tf.Tensor),
        dw: tf.matMul(push, h as tf.Tensor, true, false),
      });
    },
  );
}

function inPieces(hidden: tf.Tensor2D, unembedding: tf.Tensor2D, targets: tf.Tensor1D, pieceRows: number): tf.Tensor {
  const sizes = pieceSizes(hidden.shape[0], pieceRows);
  return withGradient(
    [hidden, unembedding],
    () => {
      const wanted = tf.split(targets, sizes);
      const picked: tf.Tensor[] = [];
      const totals: tf.Tensor[] = [];
      for (const [i, rows] of tf.split(hidden, sizes).entries()) {
        const last = totals.at(-1);
        const logits = tf.matMul(last === undefined ? rows : after(rows, last), unembedding, false, true);
        totals.push(logSumExp(logits)); // [r, 1]
        picked.push(at(logits as tf.Tensor2D, wanted[i] as tf.Tensor1D));
      }
      const total = tf.concat(totals); // [R, 1]
      return { value: tf.sub(tf.concat(picked), total), saved: [hidden, unembedding, targets, total] };
    },
    (dy, [h, w, targets, total]) => {
      const totals = tf.split(tf.reshape(total as tf.Tensor, [1, -1]), sizes, 1);
      const dys = tf.split(tf.reshape(dy, [1, -1]), sizes, 1);
      const dhs: tf.Tensor[] = [];
      let dw: tf.Tensor | undefined;
      for (const [i, piece] of tf.split(h as tf.Tensor, sizes).entries()) {
        const rows = after(piece, dhs.at(-1) ?? dy);
        // The other way round than in the forward pass, [V, r], which needs no transposed product and keeps a graph
        // optimiser from taking the forward pass's logits, which would then have to stay in memory.
        const logits = tf.matMul(w as tf.Tensor, rows, false, true);
        const push = tf.mul(tf.exp(tf.sub(logits, totals[i] as tf.Tensor)), tf.neg(dys[i] as tf.Tensor));
        dhs.push(tf.matMul(push, w as tf.Tensor, true, false)); // [r, D]
        const part = tf.matMul(push, rows); // [V, D]
        dw = dw === undefined ? part : tf.add(dw, part);
      }
      const parts = { dh: tf.concat(dhs), dw: dw as tf.Tensor };
      return withTargets(dy, h as tf.Tensor, w as tf.Tensor, targets as tf.Tensor1D, parts);
    },
  );
}

/** Adds what the targets' own logits contribute to both gradients. */
function withTargets(
  dy: tf.Tensor, // [R, 1]
  h: tf.Tensor, // [R, D]
  w: tf.Tensor, // [V, D]
  targets: tf.Tensor1D, // [R]
  { dh, dw }: { readonly dh: tf.Tensor; readonly dw: tf.Tensor },
): tf.Tensor[] {
  return [
    tf.add(dh, tf.mul(tf.gather(w, targets), dy)),
    tf.add(dw, tf.unsortedSegmentSum(tf.mul(h, dy), targets, w.shape[0] as number)),
  ];
}

/** log Σ_v exp z_v of each row, [r, V] → [r, 1]. */
export function logSumExp(logits: tf.Tensor): tf.Tensor {
  const largest = tf.max(logits, 1, true);
  return tf.add(tf.log(tf.sum(tf.exp(tf.sub(logits, largest)), 1, true)), largest);
}

/** The logits of one column per row: [r, V], [r] → [r, 1]. */
export function at(logits: tf.Tensor, columns: tf.Tensor1D): tf.Tensor {
  const [rows, width] = logits.shape as [number, number];
  const starts = tf.range(0, rows * width, width, 'int32');
  return tf.reshape(tf.gather(tf.reshape(logits, [rows * width]), tf.add(columns, starts)), [rows, 1]);
}

/** As few pieces as fit, all but equally long: few shapes, and no small rest. */
function pieceSizes(rows: number, most: number): number[] {
  const count = Math.ceil(rows / most);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 1) * rows) / count) - Math.floor((i * rows) / count));
}
