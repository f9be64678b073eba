import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/** Uniform random numbers that depend on the seed alone: see `statelessUniform`. The numbers of the other engines. */
export const statelessUniform: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const tfjs = backend as TfjsBackend;
  const result = tfjs.makeTensorInfo([...(attrs as { shape: readonly number[] }).shape], 'float32');
  const count = sizeOf(result.shape);
  const buffers = bindingsOf(tfjs, [inputs.seed as tf.TensorInfo, result]);
  runShader(tfjs, shader, { buffers, numbers: [count], count: Math.ceil(count / 4) });
  return result;
};

/** Philox 4×32-10 in TensorFlow's use: `portable/_philox.ts` has the same in JavaScript, with the sources. */
const shader: Shader = {
  name: 'stateless-uniform',
  numbers: 1,
  code: `
@group(0) @binding(0) var<storage, read> seed : array<i32>;
@group(0) @binding(1) var<storage, read_write> out : array<f32>;
fn mul_high(x : u32, y : u32) -> u32 {
  let x0 = x & 0xffffu; let x1 = x >> 16u; let y0 = y & 0xffffu; let y1 = y >> 16u;
  let middle = x1 * y0 + ((x0 * y0) >> 16u);
  return x1 * y1 + (middle >> 16u) + (((middle & 0xffffu) + x0 * y1) >> 16u);
}
fn philox(start : vec4<u32>, start_key : vec2<u32>) -> vec4<u32> {
  var c = start;
  var key = start_key;
  for (var round = 0; round < 10; round++) {
    let a = mul_high(0xd2511f53u, c.x);
    let b = mul_high(0xcd9e8d57u, c.z);
    c = vec4<u32>(b ^ c.y ^ key.x, 0xcd9e8d57u * c.z, a ^ c.w ^ key.y, 0xd2511f53u * c.x);
    key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
fn main(group : u32) {
  let widened = vec4<u32>(bitcast<u32>(seed[0]), bitcast<u32>(seed[0] >> 31u), bitcast<u32>(seed[1]), bitcast<u32>(seed[1] >> 31u));
  let mixed = philox(widened, vec2<u32>(0x3ec8f720u, 0x02461e29u));
  let words = philox(vec4<u32>(group, 0u, mixed.z, mixed.w), mixed.xy);
  for (var k = 0u; k < 4u && 4u * group + k < number(0u); k++) {
    out[4u * group + k] = f32(words[k] & 0x7fffffu) / 8388608.0;
  }
}`,
};
