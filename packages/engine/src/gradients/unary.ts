import * as tf from '@tensorflow/tfjs-core';
import { define } from './_define.js';

/** A rule from the input x: dx = dy · f′(x). */
function fromInput(kernel: string, derivative: (x: tf.Tensor) => tf.Tensor): void {
  define(kernel, { inputs: ['x'], rule: (dy, { x }) => ({ x: () => tf.mul(dy, derivative(x)) }) });
}

/** A rule from the output y: dx = dy · g(y), for functions whose derivative follows cheaply from their value. */
function fromOutput(kernel: string, derivative: (y: tf.Tensor) => tf.Tensor): void {
  define(kernel, { output: true, rule: (dy, { y }) => ({ x: () => tf.mul(dy, derivative(y)) }) });
}

/** Gradients of the elementwise kernels of one input. */
export function defineUnary(): void {
  define('Identity', { rule: (dy) => ({ x: () => tf.clone(dy) }) });
  define('Cast', { rule: (dy) => ({ x: () => tf.cast(dy, 'float32') }) });
  define('Neg', { rule: (dy) => ({ x: () => tf.neg(dy) }) });
  fromInput('Abs', (x) => tf.sign(x));
  fromInput('Square', (x) => tf.mul(x, 2));
  fromInput('Log', (x) => tf.reciprocal(x));
  fromInput('Log1p', (x) => tf.reciprocal(tf.add(x, 1)));
  fromInput('Expm1', (x) => tf.exp(x));
  fromInput('Softplus', (x) => tf.sigmoid(x));
  fromInput('Sin', (x) => tf.cos(x));
  fromInput('Cos', (x) => tf.neg(tf.sin(x)));
  fromInput('Erf', (x) => tf.mul(tf.exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI)));
  fromInput('Relu', (x) => tf.cast(tf.greater(x, 0), 'float32'));
  fromOutput('Exp', (y) => y);
  fromOutput('Sqrt', (y) => tf.div(0.5, y));
  fromOutput('Rsqrt', (y) => tf.mul(tf.mul(tf.square(y), y), -0.5));
  fromOutput('Reciprocal', (y) => tf.neg(tf.square(y)));
  fromOutput('Tanh', (y) => tf.sub(1, tf.square(y)));
  fromOutput('Sigmoid', (y) => tf.mul(y, tf.sub(1, y)));
  for (const kernel of ['Sign', 'Step', 'Floor', 'Ceil', 'Round', 'ZerosLike', 'OnesLike'])
    define(kernel, { rule: (dy) => ({ x: () => tf.zerosLike(dy) }) });
  define('ClipByValue', {
    inputs: ['x'],
    rule: (dy, { x }, { clipValueMin, clipValueMax }) => ({
      x: () => {
        const inside = tf.logicalAnd(
          tf.greaterEqual(x, clipValueMin as number),
          tf.lessEqual(x, clipValueMax as number),
        );
        return tf.mul(dy, tf.cast(inside, 'float32'));
      },
    }),
  });
}
