import type * as tf from '@tensorflow/tfjs-core';
import { heapOf, sizeOf } from './_heap.js';

/** One tensor of a kernel's inputs. */
function input(inputs: tf.NamedTensorInfoMap, name: string): tf.TensorInfo {
  return inputs[name] as tf.TensorInfo;
}

/**
 * Sums rows into segments: `out[ids[i]] += x[i]`; ids outside are left out. The gradient of looking up rows. tfjs's own
 * goes over all rows once for each segment, which with a segment for each word of a vocabulary never ends.
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
 * Looks up slices along `axis`, each of the first `batchDims` dimensions with indices of its own.
 * x [batch…, outer…, n, inner…], indices [batch…, many…] → [batch…, outer…, many…, inner…]
 */
export const batchedGather: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const heap = heapOf(backend);
  const { batchDims, axis: given } = attrs as { batchDims: number; axis: number };
  const [x, indices] = [input(inputs, 'x'), input(inputs, 'indices')];
  const axis = given < 0 ? given + x.shape.length : given;
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

/** Truth values: what is not zero is true. WebAssembly's own cast keeps the low byte. */
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
 * A kernel for matrix products that takes batches which broadcast both ways: [2, 1, …] with [1, 3, …]. tfjs's own for
 * plain JavaScript pairs them wrongly, so the operands are repeated first.
 */
export function broadcastingMatMul(own: tf.KernelConfig, tile: tf.KernelConfig): tf.KernelFunc {
  return (call) => {
    const operands = ['a', 'b'].map((name) => input(call.inputs, name));
    const outer = operands.map(({ shape }) => shape.slice(0, -2));
    const [ofA, ofB] = outer.map(sizeOf);
    if (ofA === 1 || ofB === 1 || `${outer[0]}` === `${outer[1]}`) return own.kernelFunc(call);
    const rank = Math.max(...outer.map(({ length }) => length));
    const padded = outer.map((shape) => [...Array<number>(rank - shape.length).fill(1), ...shape]);
    const batch = Array.from({ length: rank }, (_, i) => Math.max(...padded.map((shape) => shape[i] ?? 1)));
    const repeated = operands.map((x, which) => {
      const reps = [...batch.map((size, i) => size / (padded[which]?.[i] ?? 1)), 1, 1];
      const full = { ...x, shape: [...(padded[which] ?? []), ...x.shape.slice(-2)] };
      return tile.kernelFunc({ inputs: { x: full }, attrs: { reps }, backend: call.backend }) as tf.TensorInfo;
    });
    const [a, b] = repeated as [tf.TensorInfo, tf.TensorInfo];
    const result = own.kernelFunc({ ...call, inputs: { a, b } });
    for (const { dataId } of repeated) (call.backend as { disposeData(id: object): boolean }).disposeData(dataId);
    return result;
  };
}
