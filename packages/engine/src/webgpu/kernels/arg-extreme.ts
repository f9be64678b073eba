import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, type NumberType, numberTypeOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';
import { lineNumbers, lineOfIndex } from './_lines.js';

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
    const type = numberTypeOf(backend, x);
    if (type === 'f32' && x.shape.length > 1 && axis === x.shape.length - 1) return own(call);
    const shape = x.shape.filter((_, i) => i !== axis);
    const result = backend.makeTensorInfo(shape, 'int32');
    const buffers = bindingsOf(backend, [x, result]);
    runShader(backend, shader(sign, type), { buffers, numbers: lineNumbers(x.shape, axis), count: sizeOf(shape) });
    return result;
  };

const shader = (sign: '<' | '>', type: NumberType): Shader => ({
  name: `arg-${sign}-${type}`,
  numbers: 2,
  code: `
@group(0) @binding(0) var<storage, read> x : array<${type}>;
@group(0) @binding(1) var<storage, read_write> out : array<i32>;
fn main(i : u32) {${lineOfIndex}
  var best = x[start];
  var place = 0u;
  for (var k = 1u; k < length; k++) {
    let next = x[start + k * inner];
    if (next ${sign} best) { best = next; place = k; }
  }
  out[i] = i32(place);
}`,
});
