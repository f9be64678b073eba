import { totalmem } from 'node:os';
import { DpoError, toBfloat16, widen } from '@dpo/base';
import koffi from 'koffi';
import { copyOf } from '../shared/copy-out.js';
import type { CApi, Pointer } from './_c-api.js';

/** The element types that the engine uses, under tfjs's names. */
export type ElementType = 'float32' | 'int32' | 'bool';

/** The types in which the engine stores tensors. tfjs sees bfloat16 as float32. */
export type StoredType = ElementType | 'bfloat16';

/** TF_DataType of tf_datatype.h. */
export const DATA_TYPES = { float32: 1, int32: 3, bool: 10, bfloat16: 14, resource: 20 } as const;

const ELEMENT_BYTES: Readonly<Record<StoredType, number>> = { float32: 4, int32: 4, bool: 1, bfloat16: 2 };

/** The name of a TF_DataType; undefined for a type that the engine does not use. */
export function storedType(dataType: number): StoredType | undefined {
  return (['float32', 'int32', 'bool', 'bfloat16'] as const).find((name) => DATA_TYPES[name] === dataType);
}

/** The array types of element types. */
export type HostData = Float32Array | Int32Array | Uint8Array;

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A shape in the form that the C API takes. */
export function dimensions(shape: readonly number[]): BigInt64Array {
  return BigInt64Array.from(shape, BigInt);
}

/**
 * Copies values into a new TF_Tensor, which the caller deletes. Without `data`, the values are zeros. For bfloat16, float32 numbers
 * are rounded.
 *
 * @throws DpoError `engine.out-of-memory` when there is no memory for the tensor
 */
export function newTensor(
  api: CApi,
  dtype: StoredType,
  shape: readonly number[],
  data: ArrayLike<number> | undefined,
): Pointer {
  const bytes = bytesOf(dtype, shape);
  const tensor = isHopeless(bytes)
    ? null
    : api.TF_AllocateTensor(DATA_TYPES[dtype], dimensions(shape), shape.length, bytes);
  if (!tensor || (bytes > 0 && !api.TF_TensorData(tensor)))
    throw new DpoError('engine.out-of-memory', `No memory for a tensor of ${bytes} bytes.`, {
      values: { bytes, shape },
      hint: 'Use smaller batches or a smaller model.',
    });
  if (bytes > 0) {
    const memory = view(api, tensor, dtype, bytes);
    if (data === undefined) memory.fill(0);
    else if (memory instanceof Uint16Array)
      toBfloat16(data instanceof Float32Array ? data : Float32Array.from(data), memory);
    else memory.set(data);
  }
  return tensor;
}

/** Tells whether the machine has less memory than that. TensorFlow would wait ten seconds for other operations to free some. */
export function isHopeless(bytes: number): boolean {
  return bytes > totalmem();
}

/** The bytes of a tensor's elements. */
export function bytesOf(dtype: StoredType, shape: readonly number[]): number {
  return sizeOf(shape) * ELEMENT_BYTES[dtype];
}

/** Copies a TF_Tensor's values, into `into` or into a new array; bfloat16 becomes float32. The caller deletes the tensor. */
export function tensorValues(
  api: CApi,
  tensor: Pointer,
  into?: HostData,
): { dtype: ElementType; shape: number[]; data: HostData } {
  const dataType = api.TF_TensorType(tensor);
  const dtype = storedType(dataType);
  if (dtype === undefined)
    throw new DpoError('engine.tensorflow-failed', `TensorFlow returned a tensor of data type ${dataType}.`);
  const shape = Array.from({ length: api.TF_NumDims(tensor) }, (_, axis) => Number(api.TF_Dim(tensor, axis)));
  const bytes = Number(api.TF_TensorByteSize(tensor));
  const memory = view(bytes === 0 ? undefined : api, tensor, dtype, bytes);
  if (dtype === 'bfloat16') return { dtype: 'float32', shape, data: widened(memory, into) };
  return { dtype, shape, data: bytes === 0 ? (memory as HostData) : copyOf(memory as HostData, into) };
}

/** The float32 numbers of bfloat16 patterns. */
function widened(patterns: HostData | Uint16Array, into: HostData | undefined): Float32Array {
  const numbers = into instanceof Float32Array ? into : new Float32Array(patterns.length);
  widen(new Uint8Array(patterns.buffer, patterns.byteOffset, patterns.byteLength), 'bfloat16', numbers, 0);
  return numbers.subarray(0, patterns.length);
}

/** The tensor's own memory. It is valid only until the tensor is deleted, so that it must not leave this module. */
function view(api: CApi | undefined, tensor: Pointer, dtype: StoredType, bytes: number): HostData | Uint16Array {
  const buffer = api === undefined ? new ArrayBuffer(0) : koffi.view(api.TF_TensorData(tensor), bytes);
  if (dtype === 'float32') return new Float32Array(buffer);
  if (dtype === 'bfloat16') return new Uint16Array(buffer);
  return dtype === 'int32' ? new Int32Array(buffer) : new Uint8Array(buffer);
}
