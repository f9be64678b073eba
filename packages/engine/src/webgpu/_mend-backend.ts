import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Numbers } from '../shared/numbers.js';
import { sizeOf } from '../shared/size-of.js';
import { flush } from './_commands.js';
import { BufferPool } from './buffer-pool.js';
import type { TensorData, TfjsBackend } from './tfjs-backend.js';

/** Tensors of fewer elements keep the values that JavaScript knows, also when they are on the device. tfjs's own threshold. */
const FEW = 1000;

/**
 * Changes tfjs's WebGPU backend for training:
 *
 * - A buffer is free for the next tensor as soon as its tensor is disposed of. tfjs waits for the next submission, which comes late
 *   here. The device computes in the order of the commands, so that the earlier reads are done by then.
 * - Free buffers do not pile up (see {@link BufferPool}).
 * - Small tensors whose values JavaScript knows keep them, so that the start of a slice can be read without waiting for the device.
 * - Values that only the device knows are never read synchronously.
 * - Values that are read are not kept a second time.
 */
export function mendBackend(backend: TfjsBackend): void {
  const { device, tensorMap } = backend;
  backend.bufferManager.dispose();
  const pool = new BufferPool({
    createBuffer: (descriptor) => device.createBuffer(descriptor),
    submit: () => flush(backend),
  });
  backend.bufferManager = pool;
  releaseAtOnce(backend);
  keepSmallValues(backend);
  const submit = backend.submitQueue.bind(backend);
  backend.submitQueue = () => {
    submit();
    pool.trim();
  };
  backend.convertAndCacheOnCPU = (_, values) => values;
  backend.readSync = (id) => {
    const { values } = tensorMap.get(id);
    if (values !== null && values !== undefined) return values;
    throw new DpoError('engine.traced-read', 'A value on the GPU cannot be read inside a function.', {
      hint: 'Return the tensor as an output of the function.',
    });
  };
}

function releaseAtOnce(backend: TfjsBackend): void {
  const { tensorMap } = backend;
  backend.disposeData = (id, force = false) => {
    if (!tensorMap.has(id)) return true;
    const data = tensorMap.get(id);
    data.refCount = force ? 0 : data.refCount - 1;
    if (data.refCount > 0) return false;
    backend.releaseResource(id);
    tensorMap.delete(id);
    return true;
  };
}

function keepSmallValues(backend: TfjsBackend): void {
  const { tensorMap } = backend;
  const upload = backend.uploadToGPU.bind(backend);
  backend.uploadToGPU = (id) => {
    const data = tensorMap.get(id);
    const before = isSmall(data) ? data.values : null;
    upload(id);
    data.values = before;
  };
  backend.shouldExecuteOnCPU = (inputs, threshold = FEW) =>
    tf.env().getBool('WEBGPU_CPU_FORWARD') &&
    inputs.every(({ dataId, shape }) => tensorMap.get(dataId).values && sizeOf(shape) < threshold);
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, inputs, dtype, uniforms, output) => {
    const result = run(program, inputs, dtype, uniforms, output);
    // The shader has changed what JavaScript knew of an output that existed before.
    if (output !== undefined && sizeOf(output.shape) > 0) tensorMap.get(output.dataId).values = null;
    return result;
  };
}

function isSmall({ values, shape }: TensorData): boolean {
  return values !== null && values !== undefined && sizeOf(shape) < FEW;
}

/** The tensors that were made since the start, of which tfjs may know nothing when a kernel has failed half-way. */
export function watchTensors(backend: TfjsBackend): { readonly start: () => void; readonly sweep: () => void } {
  let fresh: Set<object> | undefined;
  const write = backend.write.bind(backend);
  backend.write = (values: Numbers | null, shape, dtype) => {
    const id = write(values, shape, dtype);
    fresh?.add(id);
    return id;
  };
  return {
    start: () => {
      fresh = new Set();
    },
    sweep: () => {
      const tensors = tf.engine().state.tensorInfo;
      for (const id of fresh ?? []) if (!tensors.has(id)) backend.disposeData(id, true);
      fresh = undefined;
    },
  };
}
