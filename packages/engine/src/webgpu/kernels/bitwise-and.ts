import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/** The bits that two tensors of integers of one shape have in common. */
export const bitwiseAnd: tf.KernelFunc = ({ inputs, backend }) => {
  const tfjs = backend as TfjsBackend;
  const [a, b] = [inputs.a as tf.TensorInfo, inputs.b as tf.TensorInfo];
  const result = tfjs.makeTensorInfo(a.shape, 'int32');
  runShader(tfjs, shader, { buffers: bindingsOf(tfjs, [a, b, result]), numbers: [], count: sizeOf(a.shape) });
  return result;
};

const shader: Shader = {
  name: 'bitwise-and',
  numbers: 0,
  code: `
@group(0) @binding(0) var<storage, read> a : array<i32>;
@group(0) @binding(1) var<storage, read> b : array<i32>;
@group(0) @binding(2) var<storage, read_write> out : array<i32>;
fn main(i : u32) { out[i] = a[i] & b[i]; }`,
};
