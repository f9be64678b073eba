import type * as tf from '@tensorflow/tfjs-core';
import type { TfjsBackend } from '../tfjs-backend.js';

/** As many tensors as every device binds at once, besides the result. */
const MOST = 7;

/** Sums lists of any length: tfjs's kernel binds all tensors at once, and a device binds few. */
export function addInGroups(own: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const backend = call.backend as TfjsBackend;
    const sum = (tensors: readonly tf.TensorInfo[]): tf.TensorInfo =>
      own({ ...call, inputs: tensors as unknown as tf.NamedTensorInfoMap }) as tf.TensorInfo;
    const inputs = [...(call.inputs as unknown as tf.TensorInfo[])];
    let result = sum(inputs.splice(0, MOST));
    while (inputs.length > 0) {
      const next = sum([result, ...inputs.splice(0, MOST - 1)]);
      backend.disposeData(result.dataId);
      result = next;
    }
    return result;
  };
}
