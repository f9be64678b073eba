import * as tf from '@tensorflow/tfjs-core';

/**
 * Sums numbers by the segment that each belongs to: [R] → [count]. What is of segment `count` only fills, and is left out. For
 * the body of an engine function.
 *
 * @param segments int32 [R], from 0 to `count`
 */
export function segmentSums(values: tf.Tensor1D, segments: tf.Tensor1D, count: number): tf.Tensor1D {
  // One segment more, cut off again.
  return tf.slice(tf.unsortedSegmentSum(values, segments, count + 1), [0], [count]) as tf.Tensor1D;
}
