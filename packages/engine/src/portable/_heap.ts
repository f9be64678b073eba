import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type * as tf from '@tensorflow/tfjs-core';
import type { Numbers } from '../shared/numbers.js';
import { sizeOf } from '../shared/size-of.js';

/**
 * Tensors' values in place, without a copy, on WebAssembly or plain JavaScript. All outputs must be made before the first call of
 * `values`, since WebAssembly's memory may move when it grows.
 */
export interface Heap {
  /** A new tensor with undefined values. */
  make(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A tensor's values in place. */
  values(info: tf.TensorInfo): Numbers;
}

interface PlainBackend {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: Numbers): tf.TensorInfo;
  readSync(dataId: object): Numbers;
}

/** The memory of a kernel's backend. */
export function heapOf(backend: unknown): Heap {
  if (isWasm(backend))
    return {
      make: (shape, dtype) => backend.makeOutput(shape, dtype),
      values: (info) => backend.typedArrayFromHeap(info) as Numbers,
    };
  const plain = backend as PlainBackend;
  return {
    make: (shape, dtype) => plain.makeTensorInfo(shape, dtype, arrayFor(shape, dtype)),
    values: ({ dataId }) => plain.readSync(dataId),
  };
}

function isWasm(backend: unknown): backend is BackendWasm {
  return typeof backend === 'object' && backend !== null && 'typedArrayFromHeap' in backend;
}

function arrayFor(shape: readonly number[], dtype: tf.DataType): Numbers {
  const size = sizeOf(shape);
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}
