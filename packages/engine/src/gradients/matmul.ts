import * as tf from '@tensorflow/tfjs-core';
import { define, sumToShape } from './_define.js';

/** Gradients of the matrix product y = a b, either factor transposed or not; batch dimensions may broadcast. */
export function defineMatmul(): void {
  define('BatchMatMul', {
    inputs: ['a', 'b'],
    rule: (dy, { a, b }, { transposeA, transposeB }) => {
      const ta = transposeA as boolean;
      const tb = transposeB as boolean;
      return {
        // y = a b: da = dy bᵀ. y = aᵀ b: da = b dyᵀ. When b is transposed in y, it is transposed once more here.
        a: () => sumToShape(ta ? tf.matMul(b, dy, tb, true) : tf.matMul(dy, b, false, !tb), a.shape),
        // y = a b: db = aᵀ dy. y = a bᵀ: db = dyᵀ a. When a is transposed in y, it is transposed once more here.
        b: () => sumToShape(tb ? tf.matMul(dy, a, true, ta) : tf.matMul(a, dy, !ta, false), b.shape),
      };
    },
  });
}
