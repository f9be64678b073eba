import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bufferOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/**
 * Sums or products of all elements up to each one, along any axis of a tensor of any rank. tfjs's kernel takes four axes, and one
 * length for another when both have the same rank.
 */
export const cumulate =
  (op: '+' | '*'): tf.KernelFunc =>
  ({ inputs, attrs, backend }) => {
    const tfjs = backend as TfjsBackend;
    const x = inputs.x as tf.TensorInfo;
    const { exclusive, reverse } = attrs as { exclusive: boolean; reverse: boolean };
    const [axis = 0] = tf.util.parseAxisParam((attrs as { axis: number }).axis, x.shape);
    const isFloat = tfjs.tensorMap.get(x.dataId).dtype === 'float32';
    const result = tfjs.makeTensorInfo(x.shape, isFloat ? 'float32' : 'int32');
    const length = x.shape[axis] ?? 1;
    const inner = sizeOf(x.shape.slice(axis + 1));
    if (sizeOf(x.shape) > 0) {
      const buffers = [x, result].map((tensor) => ({ buffer: bufferOf(tfjs, tensor) }));
      const numbers = [length, inner, exclusive ? 1 : 0, reverse ? 1 : 0];
      runShader(tfjs, shader(op, isFloat ? 'f32' : 'i32'), { buffers, numbers, count: sizeOf(x.shape) / length });
    }
    return { ...result, dtype: x.dtype === 'bool' ? 'int32' : x.dtype };
  };

const shader = (op: '+' | '*', type: 'f32' | 'i32'): Shader => ({
  name: `cumulate-${op}-${type}`,
  numbers: 4,
  code: `
@group(0) @binding(0) var<storage, read> x : array<${type}>;
@group(0) @binding(1) var<storage, read_write> out : array<${type}>;
fn main(line : u32) {
  let length = number(0u);
  let inner = number(1u);
  let start = line / inner * length * inner + line % inner;
  var value = ${type}(${op === '+' ? 0 : 1});
  for (var k = 0u; k < length; k++) {
    let place = start + select(k, length - 1u - k, number(3u) == 1u) * inner;
    let element = x[place];
    if (number(2u) == 1u) { out[place] = value; }
    value = value ${op} element;
    if (number(2u) == 0u) { out[place] = value; }
  }
}`,
});
