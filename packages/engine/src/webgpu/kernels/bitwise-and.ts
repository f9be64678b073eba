import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bufferOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/** The bits that two tensors of integers of one shape have in common. */
export const bitwiseAnd: tf.KernelFunc = ({ inputs, backend }) => {
  const tfjs = backend as TfjsBackend;
  const [a, b] = [inputs.a as tf.TensorInfo, inputs.b as tf.TensorInfo];
  const result = tfjs.makeTensorInfo(a.shape, 'int32');
  if (sizeOf(a.shape) === 0) return result;
  const buffers = [a, b, result].map((tensor) => ({ buffer: bufferOf(tfjs, tensor) }));
  runShader(tfjs, shader, { buffers, numbers: [], count: sizeOf(a.shape) });
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
