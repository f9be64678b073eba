import * as tf from '@tensorflow/tfjs-core';

/**
 * Sums numbers by segment: [R] → [count]. Numbers of segment `count` only fill the vector up, and are left out. For the body of
 * an engine function.
 *
 * @param segments the segment of each number: int32 [R], from 0 to `count`
 */
export function segmentSums(values: tf.Tensor1D, segments: tf.Tensor1D, count: number): tf.Tensor1D {
  // One segment more takes the filling, and is cut off.
  return tf.slice(tf.unsortedSegmentSum(values, segments, count + 1), [0], [count]) as tf.Tensor1D;
}
