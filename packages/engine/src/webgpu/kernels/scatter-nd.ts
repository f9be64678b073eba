import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';
import { segmentSum } from './segment-sum.js';

/**
 * Sums slices by indices into a new tensor, as sums into segments, so that slices with equal indices are summed in their order.
 *
 * indices int32 [n…, k], updates [n…, rest…] → shape
 */
export const scatterNd: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const tfjs = backend as TfjsBackend;
  const [indices, updates] = [inputs.indices as tf.TensorInfo, inputs.updates as tf.TensorInfo];
  const { shape } = attrs as { shape: number[] };
  const depth = indices.shape.at(-1) ?? 1;
  const count = sizeOf(indices.shape.slice(0, -1));
  const ids = tfjs.makeTensorInfo([count], 'int32');
  const buffers = bindingsOf(tfjs, [indices, ids]);
  const sizes = Array.from({ length: MOST_AXES }, (_, axis) => (axis < depth ? (shape[axis] ?? 1) : 1));
  if (depth > 0) runShader(tfjs, flatten, { buffers, numbers: [depth, ...sizes], count });
  const slices = { ...updates, shape: [count, sizeOf(shape.slice(depth))] };
  const numSegments = sizeOf(shape.slice(0, depth));
  const sums = segmentSum({ inputs: { x: slices, segmentIds: ids }, attrs: { numSegments }, backend }) as tf.TensorInfo;
  tfjs.disposeData(ids.dataId);
  return { ...sums, shape: [...shape] };
};

/** As many axes as tfjs's shaders take. */
const MOST_AXES = 6;

/** The number of each slice, row-major; −1 outside of the shape. */
const flatten: Shader = {
  name: 'flat-indices',
  numbers: 1 + MOST_AXES,
  code: `
@group(0) @binding(0) var<storage, read> indices : array<i32>;
@group(0) @binding(1) var<storage, read_write> ids : array<i32>;
fn main(i : u32) {
  let depth = number(0u);
  var id = 0;
  for (var axis = 0u; axis < depth; axis++) {
    let index = indices[i * depth + axis];
    let size = i32(number(1u + axis));
    if (index < 0 || index >= size) { ids[i] = -1; return; }
    id = id * size + index;
  }
  ids[i] = id;
}`,
};
