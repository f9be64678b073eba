import * as tf from '@tensorflow/tfjs-core';
import { define, register, sumToShape } from './_define.js';

/** Gradients of the elementwise kernels of two inputs, which broadcast. */
export function defineArithmetic(): void {
  const ab = ['a', 'b'] as const;
  define('Add', {
    inputs: ab,
    rule: (dy, { a, b }) => ({ a: () => sumToShape(dy, a.shape), b: () => sumToShape(dy, b.shape) }),
  });
  define('Sub', {
    inputs: ab,
    rule: (dy, { a, b }) => ({ a: () => sumToShape(dy, a.shape), b: () => tf.neg(sumToShape(dy, b.shape)) }),
  });
  define('Multiply', {
    inputs: ab,
    rule: (dy, { a, b }) => ({
      a: () => sumToShape(tf.mul(dy, b), a.shape),
      b: () => sumToShape(tf.mul(dy, a), b.shape),
    }),
  });
  define('RealDiv', {
    inputs: ab,
    rule: (dy, { a, b }) => ({
      a: () => sumToShape(tf.div(dy, b), a.shape),
      b: () => sumToShape(tf.neg(tf.div(tf.mul(dy, a), tf.square(b))), b.shape),
    }),
  });
  define('Maximum', {
    inputs: ab,
    rule: (dy, { a, b }) => ({
      a: () => sumToShape(tf.mul(dy, tf.cast(tf.greaterEqual(a, b), 'float32')), a.shape),
      b: () => sumToShape(tf.mul(dy, tf.cast(tf.less(a, b), 'float32')), b.shape),
    }),
  });
  define('Minimum', {
    inputs: ab,
    rule: (dy, { a, b }) => ({
      a: () => sumToShape(tf.mul(dy, tf.cast(tf.lessEqual(a, b), 'float32')), a.shape),
      b: () => sumToShape(tf.mul(dy, tf.cast(tf.greater(a, b), 'float32')), b.shape),
    }),
  });
  define('SquaredDifference', {
    inputs: ab,
    rule: (dy, { a, b }) => {
      const twice = () => tf.mul(tf.mul(dy, 2), tf.sub(a, b));
      return { a: () => sumToShape(twice(), a.shape), b: () => tf.neg(sumToShape(twice(), b.shape)) };
    },
  });
  define('Pow', {
    inputs: ab,
    output: true,
    rule: (dy, { a, b, y }) => ({
      a: () => sumToShape(tf.mul(dy, tf.mul(b, tf.pow(a, tf.sub(b, 1)))), a.shape),
      // d(aᵇ)/db = aᵇ ln a; 0 for a ≤ 0.
      b: () => {
        const logarithm = tf.where(tf.greater(a, 0), tf.log(a), tf.zerosLike(a));
        return sumToShape(tf.mul(dy, tf.mul(y, logarithm)), b.shape);
      },
    }),
  });
  define('Select', {
    inputs: ['condition'],
    rule: (dy, { condition }) => ({
      condition: () => tf.zerosLike(tf.cast(condition, 'float32')),
      t: () => tf.mul(dy, tf.cast(condition, 'float32')),
      e: () => tf.mul(dy, tf.cast(tf.logicalNot(condition), 'float32')),
    }),
  });
  register({
    kernelName: 'AddN',
    saveAllInputs: true,
    gradFunc: (dy, saved) => Object.fromEntries(saved.map((_, i) => [i, () => tf.clone(dy as tf.Tensor)])),
  });
}
