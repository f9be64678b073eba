import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bufferOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/**
 * The place of the largest or smallest element along an axis, the first of equal ones. tfjs's kernel finds float32 along the last of
 * several axes; of a single axis it gives a list, and of integers along other axes an error.
 */
export const argExtremeWith =
  (sign: '<' | '>', own: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    const backend = call.backend as TfjsBackend;
    const x = call.inputs.x as tf.TensorInfo;
    const [axis = 0] = tf.util.parseAxisParam((call.attrs as { axis: number }).axis, x.shape);
    const type = backend.tensorMap.get(x.dataId).dtype === 'float32' ? 'f32' : 'i32';
    if (type === 'f32' && x.shape.length > 1 && axis === x.shape.length - 1) return own(call);
    const shape = x.shape.filter((_, i) => i !== axis);
    const result = backend.makeTensorInfo(shape, 'int32');
    const buffers = [x, result].map((tensor) => ({ buffer: bufferOf(backend, tensor) }));
    const numbers = [x.shape[axis] ?? 1, sizeOf(x.shape.slice(axis + 1))];
    runShader(backend, shader(sign, type), { buffers, numbers, count: sizeOf(shape) });
    return result;
  };

const shader = (sign: '<' | '>', type: 'f32' | 'i32'): Shader => ({
  name: `arg-${sign}-${type}`,
  numbers: 2,
  code: `
@group(0) @binding(0) var<storage, read> x : array<${type}>;
@group(0) @binding(1) var<storage, read_write> out : array<i32>;
fn main(i : u32) {
  let length = number(0u);
  let inner = number(1u);
  let start = i / inner * length * inner + i % inner;
  var best = x[start];
  var place = 0u;
  for (var k = 1u; k < length; k++) {
    let next = x[start + k * inner];
    if (next ${sign} best) { best = next; place = k; }
  }
  out[i] = i32(place);
}`,
});
