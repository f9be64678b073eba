import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../shared/size-of.js';

/**
 * Matrix products on WebAssembly, all through XNNPACK. tfjs's own kernel has three flaws that matter in training. Only single
 * products without transposition are fast; the others are plain loops, some 20 times slower. The kernel keeps a packed copy of
 * every right operand for as long as the operand lives. And it finds the copy by the data alone, so that a reshaped right
 * operand gives wrong numbers.
 *
 * Here, transposed operands are transposed beforehand, or the product is computed as (B Aᵀ)ᵀ when that moves fewer elements. The
 * products of a batch run one after another on views into the operands' memory, under names of their own.
 */
export const matMulWith =
  (tfjsMatMul: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const { inputs, attrs, backend } = call;
    const wasm = backend as BackendWasm;
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    const [a, b] = [inputs.a as tf.TensorInfo, inputs.b as tf.TensorInfo];
    const [rows, inner] = sides(a, transposeA);
    const [, columns] = sides(b, transposeB);
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const shape = [...batch, rows, columns];
    if (!transposeA && !transposeB && rows < fewRows && isWeight(a, b)) return tfjsMatMul(call);
    if (transposeB && (transposeA || rows * (inner + columns) < 2 * inner * columns)) {
      const right = transposeA ? view(a) : transpose(wasm, view(a));
      const flipped = product(wasm, view(b), right);
      const result = transpose(wasm, flipped);
      release(wasm, flipped, ...(transposeA ? [] : [right]));
      return { ...result, shape };
    }
    const left = transposeA ? transpose(wasm, view(a)) : foldBatch(a, b, transposeB);
    const right = transposeB ? transpose(wasm, view(b)) : view(b);
    const result = product(wasm, left, right);
    release(wasm, ...(transposeA ? [left] : []), ...(transposeB ? [right] : []));
    return { ...result, shape };
  };

/** With fewer rows, packing the right operand takes longer than the product, so that tfjs's packed copy helps. */
const fewRows = 32;

/** The shape that each right operand had first. */
const firstShapes = new WeakMap<object, string>();

/** Tells whether tfjs's own kernel may multiply two operands: single matrices, the right one always in the same shape. */
function isWeight(a: tf.TensorInfo, b: tf.TensorInfo): boolean {
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[1] === 0) return false;
  const firstShape = firstShapes.get(b.dataId) ?? `${b.shape}`;
  firstShapes.set(b.dataId, firstShape);
  return firstShape === `${b.shape}`;
}

function sides({ shape }: tf.TensorInfo, transpose: boolean): [number, number] {
  const [rows = 1, columns = 1] = shape.slice(-2);
  return transpose ? [columns, rows] : [rows, columns];
}

function view({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
  return { dataId, shape, dtype };
}

/** One tall matrix instead of a batch, when the whole batch has the same right operand. */
function foldBatch(a: tf.TensorInfo, b: tf.TensorInfo, transposeB: boolean): tf.TensorInfo {
  if (transposeB || sizeOf(b.shape.slice(0, -2)) !== 1) return view(a);
  return { ...view(a), shape: [sizeOf(a.shape.slice(0, -1)), a.shape.at(-1) ?? 1] };
}

function transpose(backend: BackendWasm, x: tf.TensorInfo): tf.TensorInfo {
  const perm = x.shape.map((_, i) => i);
  perm.push(...perm.splice(-2).reverse());
  const { kernelFunc } = tf.getKernel('Transpose', 'wasm');
  return kernelFunc({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo;
}

function release(backend: BackendWasm, ...tensors: readonly tf.TensorInfo[]): void {
  for (const { dataId } of tensors) backend.disposeData(dataId);
}

/** left [batch…, r, k] · right [batch…, k, c] → [batch…, r, c]; the batches broadcast. */
function product(backend: BackendWasm, left: tf.TensorInfo, right: tf.TensorInfo): tf.TensorInfo {
  const [r = 1, k = 1] = left.shape.slice(-2);
  const c = right.shape.at(-1) ?? 1;
  const [ofLeft, ofRight] = [left.shape.slice(0, -2), right.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(ofLeft, ofRight);
  const out = backend.makeOutput([...batch, r, c], 'float32');
  const count = sizeOf(batch);
  if (r * c * count === 0) return out;
  if (k === 0) {
    backend.typedArrayFromHeap(out).fill(0);
    return out;
  }
  const [leftStart, rightStart, outStart] = [left, right, out].map(({ dataId }) => backend.getMemoryOffset(dataId));
  const [leftOf, rightOf] = [batchIndices(batch, ofLeft), batchIndices(batch, ofRight)];
  const multiply = multiplier(backend);
  for (let i = 0; i < count; i++)
    multiply(
      { start: (leftStart ?? 0) + 4 * r * k * (leftOf[i] ?? 0), rows: r, columns: k },
      { start: (rightStart ?? 0) + 4 * k * c * (rightOf[i] ?? 0), rows: k, columns: c },
      { start: (outStart ?? 0) + 4 * r * c * i, rows: r, columns: c },
    );
  return out;
}

/** For each matrix of a batch, the number of the operand's matrix. */
function batchIndices(batch: readonly number[], own: readonly number[]): number[] {
  let indices = [0];
  batch.forEach((size, axis) => {
    const ownSize = own[axis - batch.length + own.length] ?? 1;
    indices = indices.flatMap((index) =>
      Array.from({ length: size }, (_, i) => index * ownSize + (ownSize === 1 ? 0 : i)),
    );
  });
  return indices;
}

/** A matrix of float32 in WebAssembly's memory. */
interface Matrix {
  readonly start: number;
  readonly rows: number;
  readonly columns: number;
}

type Multiply = (left: Matrix, right: Matrix, out: Matrix) => void;
const multipliers = new WeakMap<object, Multiply>();

/** Our own names for places in memory, far above the names that tfjs counts up. */
const [leftName, rightName, outName] = [0x7ffffff1, 0x7ffffff2, 0x7ffffff3];

function multiplier(backend: BackendWasm): Multiply {
  const { wasm } = backend;
  const existing = multipliers.get(wasm);
  if (existing !== undefined) return existing;
  const { cwrap } = wasm as unknown as {
    cwrap(name: string, result: null, types: string[]): (...args: unknown[]) => void;
  };
  const [id, shape, number] = ['number', 'array', 'number'];
  const batchMatMul = cwrap('BatchMatMul', null, [id, shape, number, id, shape, number, number, number, id]);
  const shapeOf = ({ rows, columns }: Matrix): Uint8Array => new Uint8Array(Int32Array.of(1, rows, columns).buffer);
  const multiply: Multiply = (left, right, out) => {
    const matrices = [
      [leftName, left],
      [rightName, right],
      [outName, out],
    ] as const;
    for (const [name, { rows, columns, start }] of matrices) wasm.tfjs.registerTensor(name, rows * columns, start);
    batchMatMul(leftName, shapeOf(left), 3, rightName, shapeOf(right), 3, 0, 0, outName);
    // Forgetting the right operand's name also frees XNNPACK's packed copy.
    for (const [name] of matrices) wasm.tfjs.disposeData(name);
  };
  multipliers.set(wasm, multiply);
  return multiply;
}
