import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from './size-of.js';

/** Repeats a tensor by a kernel (Tile) until the tensor has a shape. The caller disposes of the result. */
export function repeatTo(
  x: tf.TensorInfo,
  shape: readonly number[],
  repeat: tf.KernelFunc,
  backend: object,
): tf.TensorInfo {
  const padded = [...Array<number>(shape.length - x.shape.length).fill(1), ...x.shape];
  const reps = shape.map((size, axis) => (padded[axis] === size ? 1 : size));
  return repeat({ inputs: { x: { ...x, shape: padded } }, attrs: { reps }, backend }) as tf.TensorInfo;
}

/**
 * Makes a kernel of matrix products take batches that broadcast both ways: [2, 1, …] with [1, 3, …]. tfjs's own kernels pair such
 * batches wrongly, so that the operands are repeated first.
 *
 * @param repeat the backend's Tile
 */
export function broadcastingMatMul(own: tf.KernelFunc, repeat: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const backend = call.backend as tf.KernelBackend;
    const operands = [call.inputs.a as tf.TensorInfo, call.inputs.b as tf.TensorInfo] as const;
    const [ofA, ofB] = [operands[0].shape.slice(0, -2), operands[1].shape.slice(0, -2)];
    if (sizeOf(ofA) === 1 || sizeOf(ofB) === 1 || `${ofA}` === `${ofB}`) return own(call);
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(ofA, ofB);
    const [a, b] = operands.map((x) => repeatTo(x, [...batch, ...x.shape.slice(-2)], repeat, backend)) as [
      tf.TensorInfo,
      tf.TensorInfo,
    ];
    const result = own({ ...call, inputs: { a, b } });
    for (const { dataId } of [a, b]) backend.disposeData(dataId);
    return result;
  };
}
