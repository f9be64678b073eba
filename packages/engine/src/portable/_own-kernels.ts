import * as tf from '@tensorflow/tfjs-core';
import { repeatTo } from '../shared/broadcast-kernels.js';
import { sizeOf } from '../shared/size-of.js';
import { heapOf } from './_heap.js';
import { fillUniform } from './_philox.js';

/** One tensor of a kernel's inputs. */
function input(inputs: tf.NamedTensorInfoMap, name: string): tf.TensorInfo {
  return inputs[name] as tf.TensorInfo;
}

/**
 * Sums rows into segments: `out[ids[i]] += x[i]`. Rows with an id outside the segments are left out. This is the gradient of
 * looking up rows. tfjs's own kernel goes over all rows once for each segment, which never ends with a segment for each word of
 * a vocabulary.
 */
export const unsortedSegmentSum: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const heap = heapOf(backend);
  const x = input(inputs, 'x');
  const segments = (attrs as { numSegments: number }).numSegments;
  const [rows = 0, ...rest] = x.shape;
  const result = heap.make([segments, ...rest], x.dtype);
  const [out, values, ids] = [result, x, input(inputs, 'segmentIds')].map(heap.values);
  if (out === undefined || values === undefined || ids === undefined) return result;
  const width = sizeOf(rest);
  out.fill(0);
  for (let row = 0; row < rows; row++) {
    const segment = ids[row] as number;
    if (segment < 0 || segment >= segments) continue;
    const [to, from] = [segment * width, row * width];
    for (let i = 0; i < width; i++) (out[to + i] as number) += values[from + i] as number;
  }
  return result;
};

/**
 * Plain JavaScript's kernel that writes slices into a tensor, on a copy of the tensor: the kernel itself writes into its input, so that
 * other tensors and variables would change that share the memory.
 */
export function scatterIntoCopy(scatter: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const { inputs, backend } = call;
    const heap = heapOf(backend);
    const tensor = input(inputs, 'tensor');
    const copy = heap.make(tensor.shape, tensor.dtype);
    const [to, from] = [copy, tensor].map(heap.values);
    if (to !== undefined && from !== undefined) to.set(from);
    const result = scatter({ ...call, inputs: { ...inputs, tensor: copy } });
    (backend as tf.KernelBackend).disposeData(copy.dataId);
    return result;
  };
}

/**
 * Looks up slices along `axis`; each batch of the first `batchDims` dimensions has indices of its own. WebAssembly's own kernel is
 * slow, and wrong when `batchDims` is not 0.
 *
 * x [batch…, outer…, n, inner…], indices [batch…, many…] → [batch…, outer…, many…, inner…]
 */
export const gather: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const heap = heapOf(backend);
  const { batchDims, axis: signedAxis } = attrs as { batchDims: number; axis: number };
  const [x, indices] = [input(inputs, 'x'), input(inputs, 'indices')];
  const axis = signedAxis < 0 ? signedAxis + x.shape.length : signedAxis;
  const many = indices.shape.slice(batchDims);
  const shape = [...x.shape.slice(0, axis), ...many, ...x.shape.slice(axis + 1)];
  const result = heap.make(shape, x.dtype);
  const [out, values, places] = [result, x, indices].map(heap.values);
  if (out === undefined || values === undefined || places === undefined) return result;
  const [batches, outer] = [sizeOf(x.shape.slice(0, batchDims)), sizeOf(x.shape.slice(batchDims, axis))];
  const [size, inner, count] = [x.shape[axis] ?? 0, sizeOf(x.shape.slice(axis + 1)), sizeOf(many)];
  let to = 0;
  for (let batch = 0; batch < batches; batch++)
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < count; k++, to += inner) {
        const place = places[batch * count + k] as number;
        if (place < 0 || place >= size)
          throw new Error(`GatherV2: the index value ${place} is not in [0, ${size - 1}]`);
        const from = ((batch * outer + o) * size + place) * inner;
        out.set(values.subarray(from, from + inner), to);
      }
  return result;
};

/**
 * Repeats a tensor along its axes, for broadcasting. The kernel copies whole blocks, some fifty times faster than WebAssembly's own
 * loop over single elements.
 */
export const tile: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const heap = heapOf(backend);
  const x = input(inputs, 'x');
  const { reps } = attrs as { reps: readonly number[] };
  const result = heap.make(
    x.shape.map((size, axis) => size * (reps[axis] ?? 1)),
    x.dtype,
  );
  const [out, values] = [result, x].map(heap.values);
  if (out === undefined || values === undefined || out.length === 0) return result;
  // Trailing axes that are not repeated are one block.
  let blockAxis = x.shape.length;
  while (blockAxis > 0 && reps[blockAxis - 1] === 1) blockAxis--;
  const block = sizeOf(x.shape.slice(blockAxis));
  let from = 0;
  /** Writes the elements below an axis to `to`, and returns how many they are. */
  const write = (axis: number, to: number): number => {
    if (axis === blockAxis) {
      if (block === 1) out[to] = values[from] as number;
      else out.set(values.subarray(from, from + block), to);
      from += block;
      return block;
    }
    let once = 0;
    for (let i = 0; i < (x.shape[axis] ?? 0); i++) once += write(axis + 1, to + once);
    const all = once * (reps[axis] ?? 1);
    if (once === 1) out.fill(out[to] as number, to, to + all);
    // Each copy doubles the elements, so that few copies suffice.
    else
      for (let done = once; done < all; done += Math.min(done, all - done))
        out.copyWithin(to + done, to, to + Math.min(done, all - done));
    return all;
  };
  write(0, 0);
  return result;
};

/** Uniform random numbers of a shape, which depend on the seed alone: see `statelessUniform`. */
export const statelessUniform: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const heap = heapOf(backend);
  const result = heap.make([...(attrs as { shape: readonly number[] }).shape], 'float32');
  const [out, seed] = [result, input(inputs, 'seed')].map(heap.values);
  if (out !== undefined && seed !== undefined) fillUniform(out, seed);
  return result;
};

/** Reorders axes. WebAssembly's own kernel is fast up to four axes, and with five a hundred times slower than this one. */
export const transpose: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const heap = heapOf(backend);
  const x = input(inputs, 'x');
  const { perm } = attrs as { perm: readonly number[] };
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  const strides = perm.map((axis) => sizeOf(x.shape.slice(axis + 1)));
  const result = heap.make(shape, x.dtype);
  const [out, values] = [result, x].map(heap.values);
  if (out === undefined || values === undefined || out.length === 0) return result;
  // Trailing axes that stay in place are one block.
  let last = perm.length;
  while (last > 0 && perm[last - 1] === last - 1) last--;
  const block = sizeOf(shape.slice(last));
  let to = 0;
  const write = (axis: number, from: number): void => {
    if (axis === last) {
      if (block === 1) out[to] = values[from] as number;
      else out.set(values.subarray(from, from + block), to);
      to += block;
      return;
    }
    const [size, stride] = [shape[axis] ?? 1, strides[axis] ?? 1];
    for (let i = 0; i < size; i++) write(axis + 1, from + i * stride);
  };
  write(0, 0);
  return result;
};

/** Truth values: every number but 0 is true. WebAssembly's own cast keeps the low byte. */
export const castToBool: tf.KernelFunc = ({ inputs, backend }) => {
  const heap = heapOf(backend);
  const x = input(inputs, 'x');
  const result = heap.make(x.shape, 'bool');
  const [out, values] = [result, x].map(heap.values);
  if (out !== undefined && values !== undefined)
    for (let i = 0; i < values.length; i++) out[i] = values[i] === 0 ? 0 : 1;
  return result;
};

/**
 * Makes an elementwise kernel of a and b repeat the smaller operand first, so that it gets operands of one shape only.
 * WebAssembly's own broadcasting computes coordinates for every element, which takes some thirty times longer.
 */
export function broadcastFirst(own: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const operands = [input(call.inputs, 'a'), input(call.inputs, 'b')] as const;
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(operands[0].shape, operands[1].shape);
    const [a, b] = operands.map((x) => (`${x.shape}` === `${shape}` ? x : repeatTo(x, shape, tile, call.backend))) as [
      tf.TensorInfo,
      tf.TensorInfo,
    ];
    const result = own({ ...call, inputs: { a, b } });
    for (const [i, x] of [a, b].entries())
      if (x !== operands[i]) (call.backend as tf.KernelBackend).disposeData(x.dataId);
    return result;
  };
}
