import * as tf from '@tensorflow/tfjs-core';
import { define } from './_define.js';

/** Gradients of lookups and of sums by index. Indices have no gradient. */
export function defineIndexing(): void {
  define('GatherV2', {
    inputs: ['x', 'indices'],
    rule: (dy, { x, indices }, { axis, batchDims }) => ({
      x: () => gatherGradient(dy, x, indices, axis as number, (batchDims as number | undefined) ?? 0),
      indices: () => tf.zerosLike(tf.cast(indices, 'float32')),
    }),
  });
  define('UnsortedSegmentSum', {
    inputs: ['segmentIds'],
    rule: (dy, { segmentIds }) => ({
      x: () => {
        // A row with a negative id is not part of any sum.
        const rows = tf.gather(dy, tf.maximum(segmentIds, tf.zerosLike(segmentIds)));
        const inSegment = tf.cast(tf.greaterEqual(segmentIds, tf.zerosLike(segmentIds)), 'float32');
        return tf.mul(
          rows,
          tf.reshape(inSegment, [...segmentIds.shape, ...rows.shape.slice(segmentIds.rank).map(() => 1)]),
        );
      },
      segmentIds: () => tf.zerosLike(tf.cast(segmentIds, 'float32')),
    }),
  });
  define('GatherNd', {
    inputs: ['params', 'indices'],
    rule: (dy, { params, indices }) => ({
      params: () => tf.scatterND(indices, dy, params.shape),
      indices: () => tf.zerosLike(tf.cast(indices, 'float32')),
    }),
  });
}

/**
 * Sums the slices of dy by their indices. Batch dimensions and the axis become one axis, so that one segment sum serves all
 * shapes: with x [b…, m…, n, r…] and the axis at n, slice (b, m, i) has the number (b · |m| + m) · n + i.
 */
function gatherGradient(dy: tf.Tensor, x: tf.Tensor, indices: tf.Tensor, axis: number, batchDims: number): tf.Tensor {
  const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
  const batch = size(x.shape.slice(0, batchDims));
  const middle = size(x.shape.slice(batchDims, axis));
  const n = x.shape[axis] ?? 1;
  const rest = size(x.shape.slice(axis + 1));
  const count = size(indices.shape.slice(batchDims));
  const flat = tf.reshape(tf.cast(indices, 'int32'), [batch, 1, count]);
  const starts = tf.reshape(tf.range(0, batch * middle * n, n, 'int32'), [batch, middle, 1]);
  const rows = batch * middle === 1 ? tf.reshape(flat, [count]) : tf.reshape(tf.add(flat, starts), [-1]);
  const sums = tf.unsortedSegmentSum(
    tf.reshape(dy, [batch * middle * count, rest]),
    rows as tf.Tensor1D,
    batch * middle * n,
  );
  return tf.reshape(sums, x.shape);
}
