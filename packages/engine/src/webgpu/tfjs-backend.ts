import type * as tf from '@tensorflow/tfjs-core';
import type { Numbers } from '../shared/numbers.js';
import type { BufferPool } from './buffer-pool.js';

/** What the backend knows of a tensor. */
export interface TensorData {
  /** The values, when JavaScript knows them. */
  values: Numbers | null;
  /** The type of the numbers in the buffer. A tensor that was cast to a wider type still has the numbers of the narrower one. */
  readonly dtype: tf.DataType;
  readonly shape: number[];
  refCount: number;
  /** The buffer on the device. */
  resource?: GPUBuffer | null;
}

/** A number of a shader's own uniforms. */
interface Uniform {
  readonly type: 'int32' | 'uint32' | 'float32';
  readonly data: number[];
}

/** A shader of tfjs, as far as we look at it. */
export interface Program {
  shaderKey: string;
  readonly outputShape: number[];
  readonly variableNames: string[];
}

/** The parts of tfjs's WebGPU backend that we use or replace. Some are private in tfjs's types. */
export interface TfjsBackend {
  readonly device: GPUDevice;
  bufferManager: BufferPool;
  readonly tensorMap: {
    get(id: object): TensorData;
    has(id: object): boolean;
    delete(id: object): boolean;
  };
  /** Records the commands that wait for their submission. */
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  /** The dispatches since the last submission. */
  dispatchCountInPass: number;
  /** Buffers that are released at the next submission. */
  readonly uniformPendingDisposal: GPUBuffer[];
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(id: object): void;
  write(values: Numbers | null, shape: number[], dtype: tf.DataType): object;
  disposeData(id: object, force?: boolean): boolean;
  releaseResource(id: object): void;
  incRef(id: object): void;
  readSync(id: object): Numbers;
  convertAndCacheOnCPU(id: object, values: Numbers): Numbers;
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType, values?: Numbers): tf.TensorInfo;
  runWebGPUProgram(
    program: Program,
    inputs: readonly tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms?: readonly Uniform[] | null,
    output?: tf.TensorInfo,
  ): tf.TensorInfo;
  /** Ours: called after each dispatch. */
  recorded(): void;
  shouldExecuteOnCPU(inputs: readonly tf.TensorInfo[], threshold?: number): boolean;
}
