import type * as tf from '@tensorflow/tfjs-core';
import { asType, type Numbers } from '../shared/numbers.js';
import { sizeOf } from '../shared/size-of.js';
import type { Values } from '../types.js';
import { encoderOf, flush } from './_commands.js';
import type { TfjsBackend } from './tfjs-backend.js';

/** The most bytes that are copied out of the device at a time. */
const MOST = 2 ** 25;
const [MAP_READ, COPY_DST] = [1, 8];

/** A part of a tensor on its way out of the device. */
interface Part {
  readonly buffer: GPUBuffer;
  /** Bytes. */
  readonly from: number;
  readonly size: number;
  readonly into: Uint8Array;
}

/**
 * The values of tensors: one submission with all commands before, unless the tensors take more than 32 MB, and no value is read
 * synchronously.
 */
export async function readValues(backend: TfjsBackend, tensors: readonly tf.TensorInfo[]): Promise<Values['data'][]> {
  const parts: Part[] = [];
  const arrays = tensors.map(({ dataId, shape }) => {
    const { values, resource, dtype } = backend.tensorMap.get(dataId);
    if (values !== null && values !== undefined) return values.slice();
    // Filled by the parts below.
    const bytes = new Uint8Array(4 * sizeOf(shape));
    if (resource)
      for (let from = 0; from < bytes.length; from += MOST) {
        const size = Math.min(MOST, bytes.length - from);
        parts.push({ buffer: resource, from, size, into: bytes.subarray(from, from + size) });
      }
    return dtype === 'float32' ? new Float32Array(bytes.buffer) : new Int32Array(bytes.buffer);
  });
  while (parts.length > 0) await readParts(backend, takeUpTo(parts, MOST));
  flush(backend);
  return tensors.map(({ dtype }, i) => asType(dtype, arrays[i] as Numbers));
}

/** The first parts, whose bytes are no more than `bytes`, and at least one. They are removed from the list. */
function takeUpTo(parts: Part[], bytes: number): Part[] {
  let [count, sum] = [0, 0];
  while (count < parts.length && (count === 0 || sum + (parts[count]?.size ?? 0) <= bytes))
    sum += parts[count++]?.size ?? 0;
  return parts.splice(0, count);
}

async function readParts(backend: TfjsBackend, parts: readonly Part[]): Promise<void> {
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  // Few sizes, so that the next read finds a free buffer.
  const room = 2 ** Math.ceil(Math.log2(Math.max(256, total)));
  const staging = backend.bufferManager.acquireBuffer(room, MAP_READ | COPY_DST);
  try {
    const encoder = encoderOf(backend);
    let at = 0;
    for (const { buffer, from, size } of parts) {
      encoder.copyBufferToBuffer(buffer, from, staging, at, size);
      at += size;
    }
    backend.submitQueue();
    await staging.mapAsync(MAP_READ, 0, total);
    const mapped = new Uint8Array(staging.getMappedRange(0, total));
    at = 0;
    for (const { size, into } of parts) {
      into.set(mapped.subarray(at, at + size));
      at += size;
    }
    staging.unmap();
  } finally {
    backend.bufferManager.releaseBuffer(staging);
  }
}
