import * as tf from '@tensorflow/tfjs-core';

/** What a backend offers to carry tensors over. */
interface Carrier {
  readSync(dataId: object): tf.backend_util.TypedArray;
  write(values: tf.backend_util.TypedArray, shape: number[], dtype: tf.DataType): object;
  disposeData(dataId: object): boolean;
}

/**
 * A kernel of plain JavaScript as one of another backend: the inputs are copied over, and the outputs back. Slow, so it
 * is for what is rare.
 */
export function carriedKernel(kernel: tf.KernelFunc): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const own = backend as Carrier;
    const plain = tf.engine().findBackend('cpu') as unknown as Carrier;
    const copies: object[] = [];
    const move = ({ dataId, shape, dtype }: tf.TensorInfo, from: Carrier, to: Carrier): tf.TensorInfo => ({
      dataId: to.write(from.readSync(dataId), shape, dtype),
      shape,
      dtype,
    });
    const bring = (info: tf.TensorInfo): tf.TensorInfo => {
      const copy = move(info, own, plain);
      copies.push(copy.dataId);
      return copy;
    };
    const takeBack = (info: tf.TensorInfo): tf.TensorInfo => {
      const result = move(info, plain, own);
      plain.disposeData(info.dataId);
      return result;
    };
    try {
      const result = kernel({ inputs: bringAll(inputs, bring), attrs: attrs ?? {}, backend: plain });
      return Array.isArray(result) ? result.map(takeBack) : takeBack(result);
    } finally {
      for (const id of copies) plain.disposeData(id);
    }
  };
}

/** Some kernels (Concat, Einsum) get a list of inputs instead of named ones. */
function bringAll(inputs: tf.NamedTensorInfoMap, bring: (info: tf.TensorInfo) => tf.TensorInfo): tf.NamedTensorInfoMap {
  const given: unknown = inputs;
  if (Array.isArray(given)) return given.map(bring) as unknown as tf.NamedTensorInfoMap;
  const brought = Object.entries(inputs).map(([name, input]) => {
    if (input === undefined || input === null) return [name, input] as const;
    return [name, Array.isArray(input) ? input.map(bring) : bring(input)] as const;
  });
  return Object.fromEntries(brought) as tf.NamedTensorInfoMap;
}
