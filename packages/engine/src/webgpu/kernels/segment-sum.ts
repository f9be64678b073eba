import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import {
  bindingsOf,
  bufferOf,
  clear,
  dtypes,
  type NumberType,
  numberTypeOf,
  runShader,
  type Shader,
} from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/** Rows that are linked at a time: a row is compared with all the others. */
const MOST_ROWS = 2 ** 14;

/**
 * Sums rows into segments, `out[ids[i]] += x[i]`, always in the order of the rows, so that a resumed run repeats its numbers. tfjs's
 * kernel adds in the order in which the device's threads come, and sums integers wrongly. Rows with an id outside of the segments are
 * left out.
 *
 * A first shader links each row with the next one of its segment; a second goes along the links, from the first row of each segment.
 */
export const segmentSum: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const tfjs = backend as TfjsBackend;
  const [x, ids] = [inputs.x as tf.TensorInfo, inputs.segmentIds as tf.TensorInfo];
  const { numSegments: segments } = attrs as { numSegments: number };
  const [rows = 0, ...rest] = x.shape;
  const width = sizeOf(rest);
  const type = numberTypeOf(tfjs, x);
  const result = tfjs.makeTensorInfo([segments, ...rest], dtypes[type]);
  if (segments * width === 0) return { ...result, dtype: x.dtype };
  clear(tfjs, result);
  if (rows * width === 0) return { ...result, dtype: x.dtype };
  const next = tfjs.makeTensorInfo([rows], 'int32');
  const inputBuffers = bindingsOf(tfjs, [ids, next, x]);
  const to = bufferOf(tfjs, result);
  // As many whole segments as one binding takes, at offsets that a binding may have.
  const { maxStorageBufferBindingSize, minStorageBufferOffsetAlignment } = tfjs.device.limits;
  const aligned = minStorageBufferOffsetAlignment / 4;
  const piece = Math.max(aligned, Math.floor(maxStorageBufferBindingSize / (4 * width * aligned)) * aligned);
  for (let start = 0; start < rows; start += MOST_ROWS) {
    const count = Math.min(MOST_ROWS, rows - start);
    runShader(tfjs, link, { buffers: inputBuffers.slice(0, 2), numbers: [start, count], count });
    for (let first = 0; first < segments; first += piece) {
      const those = Math.min(piece, segments - first);
      const out = { buffer: to, offset: 4 * width * first, size: Math.max(16, 4 * width * those) };
      const numbers = [start, count, width, first, those];
      runShader(tfjs, sums[type], { buffers: [...inputBuffers, out], numbers, count: count * width });
    }
  }
  tfjs.disposeData(next.dataId);
  return { ...result, dtype: x.dtype };
};

/** A link is the number of the next row of the segment, or of the end; a row that is not its segment's first has −1 − its link. */
const link: Shader = {
  name: 'segment-links',
  numbers: 2,
  code: `
@group(0) @binding(0) var<storage, read> ids : array<i32>;
@group(0) @binding(1) var<storage, read_write> links : array<i32>;
fn main(i : u32) {
  let start = number(0u);
  let end = start + number(1u);
  let row = start + i;
  let id = ids[row];
  var next = end;
  for (var other = row + 1u; other < end; other++) { if (ids[other] == id) { next = other; break; } }
  var is_first = true;
  for (var other = start; other < row; other++) { if (ids[other] == id) { is_first = false; break; } }
  links[row] = select(-1 - i32(next), i32(next), is_first);
}`,
};

const sumShader = (type: NumberType): Shader => ({
  name: `segment-sums-${type}`,
  numbers: 5,
  code: `
@group(0) @binding(0) var<storage, read> ids : array<i32>;
@group(0) @binding(1) var<storage, read> links : array<i32>;
@group(0) @binding(2) var<storage, read> x : array<${type}>;
@group(0) @binding(3) var<storage, read_write> out : array<${type}>;
fn main(i : u32) {
  let end = number(0u) + number(1u);
  let width = number(2u);
  let column = i % width;
  var row = number(0u) + i / width;
  let segment = ids[row] - i32(number(3u));
  if (links[row] < 0 || segment < 0 || segment >= i32(number(4u))) { return; }
  let place = u32(segment) * width + column;
  var sum = out[place];
  loop {
    if (row >= end) { break; }
    sum += x[row * width + column];
    let to = links[row];
    row = u32(select(to, -1 - to, to < 0));
  }
  out[place] = sum;
}`,
});

const sums = { f32: sumShader('f32'), i32: sumShader('i32') };
