import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, dtypes, type NumberType, numberTypeOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';
import { lineNumbers, lineOfIndex } from './_lines.js';

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
    const type = numberTypeOf(tfjs, x);
    const result = tfjs.makeTensorInfo(x.shape, dtypes[type]);
    const buffers = bindingsOf(tfjs, [x, result]);
    const numbers = [...lineNumbers(x.shape, axis), exclusive ? 1 : 0, reverse ? 1 : 0];
    runShader(tfjs, shader(op, type), { buffers, numbers, count: sizeOf(x.shape.with(axis, 1)) });
    return { ...result, dtype: x.dtype === 'bool' ? 'int32' : x.dtype };
  };

const shader = (op: '+' | '*', type: NumberType): Shader => ({
  name: `cumulate-${op}-${type}`,
  numbers: 4,
  code: `
@group(0) @binding(0) var<storage, read> x : array<${type}>;
@group(0) @binding(1) var<storage, read_write> out : array<${type}>;
fn main(i : u32) {${lineOfIndex}
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
