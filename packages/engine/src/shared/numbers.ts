import type * as tf from '@tensorflow/tfjs-core';
import type { Values } from '../types.js';

/** tfjs's arrays of the values of tensors. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/**
 * Numbers in the array that a tensor's type asks for: float32, or int32 for all other types. tfjs gives other arrays for tensors that
 * were cast to a wider type. The result is the array itself when the array is right.
 */
export function asType(dtype: tf.DataType, numbers: Numbers): Values['data'] {
  if (dtype === 'float32') return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  return numbers instanceof Int32Array ? numbers : Int32Array.from(numbers);
}
