import * as tf from '@tensorflow/tfjs-core';

/** What a backend offers to carry tensors over. */
interface Carrier {
  readSync(dataId: object): tf.backend_util.TypedArray;
  write(values: tf.backend_util.TypedArray, shape: number[], dtype: tf.DataType): object;
}

/**
 * Registers for WebAssembly every kernel that only plain JavaScript has (`UnsortedSegmentSum` among them, which training needs):
 * inputs are copied over, and outputs back. Slow, and few are ever used.
 */
export function addMissingKernels(): void {
  const wasm = new Set((tf.getKernelsForBackend('wasm') ?? []).map(({ kernelName }) => kernelName));
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu') ?? []) {
    if (wasm.has(kernelName)) continue;
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const here = backend as Carrier;
        const there = tf.engine().findBackend('cpu') as unknown as Carrier & { disposeData(id: object): void };
        const carried: object[] = [];
        const carry = (info: tf.TensorInfo, from: Carrier, to: Carrier): tf.TensorInfo => {
          const dataId = to.write(from.readSync(info.dataId), info.shape, info.dtype);
          return { dataId, shape: info.shape, dtype: info.dtype };
        };
        const bring = (info: tf.TensorInfo): tf.TensorInfo => {
          const there_ = carry(info, here, there);
          carried.push(there_.dataId);
          return there_;
        };
        const given = Object.fromEntries(
          Object.entries(inputs).map(([name, input]) => [
            name,
            Array.isArray(input) ? input.map(bring) : bring(input as tf.TensorInfo),
          ]),
        );
        const result = kernelFunc({ inputs: given as tf.NamedTensorInfoMap, attrs: attrs ?? {}, backend: there });
        const back = (info: tf.TensorInfo): tf.TensorInfo => {
          const moved = carry(info, there, here);
          there.disposeData(info.dataId);
          return moved;
        };
        const outputs = Array.isArray(result) ? result.map(back) : back(result);
        for (const id of carried) there.disposeData(id);
        return outputs;
      },
    });
  }
}
