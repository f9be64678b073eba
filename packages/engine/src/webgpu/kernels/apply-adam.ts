import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, bufferOf, copy, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/**
 * Adam's update of w, m and v in place, in one pass over the weights:
 *
 *     m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²      w ← w · (1 − decay) − rate · m / (√v + ε̂)
 *
 * Returns w, m and v: the same tensors, or copies of those that something else holds, too.
 */
export const applyAdam: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const tfjs = backend as TfjsBackend;
  const { gradient, rate, epsilon, decay } = inputs as Record<'gradient' | 'rate' | 'epsilon', tf.TensorInfo> & {
    readonly decay?: tf.TensorInfo;
  };
  const slots = ['w', 'm', 'v'].map((name) => own(tfjs, inputs[name] as tf.TensorInfo));
  const scalars = [rate, epsilon, ...(decay === undefined ? [] : [decay])];
  const { beta1, beta2 } = attrs as { beta1: number; beta2: number };
  const bits = new Uint32Array(Float32Array.of(beta1, 1 - beta1, beta2, 1 - beta2).buffer);
  const large = [...slots, gradient].map((tensor) => bufferOf(tfjs, tensor));
  const small = bindingsOf(tfjs, scalars);
  const bytes = 4 * sizeOf(gradient.shape);
  const piece = tfjs.device.limits.maxStorageBufferBindingSize;
  for (let offset = 0; offset < bytes; offset += piece) {
    const size = Math.min(piece, bytes - offset);
    const buffers = [...large.map((buffer) => ({ buffer, offset, size })), ...small];
    runShader(tfjs, decay === undefined ? plain : decaying, { buffers, numbers: [...bits], count: size / 4 });
  }
  return slots;
};

/** The tensor itself, one reference more, or its copy when it has other users. */
function own(tfjs: TfjsBackend, tensor: tf.TensorInfo): tf.TensorInfo {
  const data = tfjs.tensorMap.get(tensor.dataId);
  if (data.refCount > 1) return copy(tfjs, tensor);
  bufferOf(tfjs, tensor);
  data.values = null;
  tfjs.incRef(tensor.dataId);
  return { dataId: tensor.dataId, shape: tensor.shape, dtype: tensor.dtype };
}

const shader = (decays: boolean): Shader => ({
  name: `apply-adam${decays ? '-decay' : ''}`,
  numbers: 4,
  code: `
${['w', 'm', 'v'].map((name, k) => `@group(0) @binding(${k}) var<storage, read_write> ${name} : array<f32>;`).join('\n')}
${['gradient', 'rate', 'epsilon', ...(decays ? ['decay'] : [])]
  .map((name, k) => `@group(0) @binding(${k + 3}) var<storage, read> ${name} : array<f32>;`)
  .join('\n')}
fn main(i : u32) {
  let g = gradient[i];
  let mean = m[i] * bitcast<f32>(number(0u)) + g * bitcast<f32>(number(1u));
  let square = v[i] * bitcast<f32>(number(2u)) + g * g * bitcast<f32>(number(3u));
  m[i] = mean;
  v[i] = square;
  w[i] = w[i] * ${decays ? '(1.0 - decay[0])' : '1.0'} - mean * rate[0] / (sqrt(square) + epsilon[0]);
}`,
});

const [plain, decaying] = [shader(false), shader(true)];
