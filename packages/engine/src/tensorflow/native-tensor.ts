import { totalmem } from 'node:os';
import { DpoError } from '@dpo/base';
import koffi from 'koffi';
import { copyOf } from '../shared/copy-out.js';
import type { CApi, Pointer } from './_c-api.js';

/** The element types that the engine uses, under tfjs's names. */
export type ElementType = 'float32' | 'int32' | 'bool';

/** TF_DataType of tf_datatype.h. */
export const DATA_TYPES = { float32: 1, int32: 3, bool: 10, bfloat16: 14, resource: 20 } as const;

const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = { float32: 4, int32: 4, bool: 1 };

/** The tfjs name of a TF_DataType; undefined for a type that the engine does not use. */
export function elementType(dataType: number): ElementType | undefined {
  return (['float32', 'int32', 'bool'] as const).find((name) => DATA_TYPES[name] === dataType);
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
 * Copies values into a new TF_Tensor, which the caller deletes. Without `data`, the values are zeros.
 *
 * @throws DpoError `engine.out-of-memory` when there is no memory for the tensor
 */
export function newTensor(
  api: CApi,
  dtype: ElementType,
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
    else memory.set(data);
  }
  return tensor;
}

/** Tells whether the machine has less memory than that. TensorFlow would wait ten seconds for other operations to free some. */
export function isHopeless(bytes: number): boolean {
  return bytes > totalmem();
}

/** The bytes of a tensor's elements. */
export function bytesOf(dtype: ElementType, shape: readonly number[]): number {
  return sizeOf(shape) * ELEMENT_BYTES[dtype];
}

/** Copies a TF_Tensor's values, into `into` or into a new array. The caller deletes the tensor. */
export function tensorValues(
  api: CApi,
  tensor: Pointer,
  into?: HostData,
): { dtype: ElementType; shape: number[]; data: HostData } {
  const dataType = api.TF_TensorType(tensor);
  const dtype = elementType(dataType);
  if (dtype === undefined)
    throw new DpoError('engine.tensorflow-failed', `TensorFlow returned a tensor of data type ${dataType}.`);
  const shape = Array.from({ length: api.TF_NumDims(tensor) }, (_, axis) => Number(api.TF_Dim(tensor, axis)));
  const bytes = Number(api.TF_TensorByteSize(tensor));
  const data = bytes === 0 ? view(undefined, 0n, dtype, 0) : copyOf(view(api, tensor, dtype, bytes), into);
  return { dtype, shape, data };
}

/** The tensor's own memory. It is valid only until the tensor is deleted, so that it must not leave this module. */
function view(api: CApi | undefined, tensor: Pointer, dtype: ElementType, bytes: number): HostData {
  const buffer = api === undefined ? new ArrayBuffer(0) : koffi.view(api.TF_TensorData(tensor), bytes);
  if (dtype === 'float32') return new Float32Array(buffer);
  return dtype === 'int32' ? new Int32Array(buffer) : new Uint8Array(buffer);
}
