import type * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, type NumberType, numberTypeOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/**
 * Sines or cosines to float32 rounding, for arguments up to some ten thousand. WGSL's own functions may be wrong by 2⁻¹¹ and have no
 * promise beyond π, while positions times frequencies go far beyond.
 *
 * The argument is brought into [−π/4, π/4] by subtracting n · π/2 in three parts (Cody and Waite), and a polynomial does the rest.
 * Source of the constants: Cephes, `sinf.c`.
 */
export const sineOrCosine =
  (which: 'sin' | 'cos'): tf.KernelFunc =>
  ({ inputs, backend }) => {
    const tfjs = backend as TfjsBackend;
    const x = inputs.x as tf.TensorInfo;
    const result = tfjs.makeTensorInfo(x.shape, 'float32');
    const buffers = bindingsOf(tfjs, [x, result]);
    runShader(tfjs, shader(which, numberTypeOf(tfjs, x)), { buffers, numbers: [], count: sizeOf(x.shape) });
    return result;
  };

const shader = (which: 'sin' | 'cos', type: NumberType): Shader => ({
  name: `${which}-${type}`,
  numbers: 0,
  code: `
@group(0) @binding(0) var<storage, read> x : array<${type}>;
@group(0) @binding(1) var<storage, read_write> out : array<f32>;
fn main(i : u32) {
  let a = f32(x[i]);
  let n = round(a * 0.6366197723675814);
  let r = ((a - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.54978995489188e-8;
  let z = r * r;
  let s = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let c = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
  let quarter = (i32(n) + ${which === 'sin' ? 0 : 1}) & 3;
  let value = select(s, c, (quarter & 1) == 1);
  out[i] = select(value, -value, quarter >= 2);
}`,
});
