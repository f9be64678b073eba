import * as tf from '@tensorflow/tfjs-core';

/** The part of a backend that moves tensors in and out. */
interface Carrier {
  readSync(dataId: object): tf.backend_util.TypedArray;
  write(values: tf.backend_util.TypedArray, shape: number[], dtype: tf.DataType): object;
  disposeData(dataId: object): boolean;
}

/**
 * Makes a kernel of plain JavaScript a kernel of another backend: copies the inputs to plain JavaScript and the outputs back.
 * Slow, and so for rare kernels.
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

/** Copies all inputs. Some kernels (Concat, Einsum) get a list of inputs instead of inputs by name. */
function bringAll(inputs: tf.NamedTensorInfoMap, bring: (info: tf.TensorInfo) => tf.TensorInfo): tf.NamedTensorInfoMap {
  const listOrMap: unknown = inputs;
  if (Array.isArray(listOrMap)) return listOrMap.map(bring) as unknown as tf.NamedTensorInfoMap;
  const entries = Object.entries(inputs).map(([name, input]) => {
    if (input === undefined || input === null) return [name, input] as const;
    return [name, Array.isArray(input) ? input.map(bring) : bring(input)] as const;
  });
  return Object.fromEntries(entries) as tf.NamedTensorInfoMap;
}
