import * as tf from '@tensorflow/tfjs-core';
import { axesOf, define, keptShape } from './_define.js';

/** Gradients of sums, means, extremes, softmax and cumulative sums. */
export function defineReduction(): void {
  define('Sum', {
    inputs: ['x'],
    rule: (dy, { x }, { axis }) => ({ x: () => spread(dy, x, axesOf(axis, x.shape)) }),
  });
  define('Mean', {
    inputs: ['x'],
    rule: (dy, { x }, { axis }) => ({
      x: () => {
        const axes = axesOf(axis, x.shape);
        const count = axes.reduce((product, i) => product * (x.shape[i] ?? 1), 1);
        return spread(tf.div(dy, count), x, axes);
      },
    }),
  });
  for (const kernel of ['Max', 'Min'])
    define(kernel, {
      inputs: ['x'],
      output: true,
      rule: (dy, { x, y }, { reductionIndices, axis }) => ({
        x: () => {
          const axes = axesOf(reductionIndices ?? axis, x.shape);
          const shape = keptShape(x.shape, axes);
          const chosen = tf.cast(tf.equal(x, tf.reshape(y, shape)), 'float32');
          // Equal elements share the gradient, so that the result stays a subgradient.
          const share = tf.div(tf.reshape(dy, shape), tf.sum(chosen, axes, true));
          return tf.mul(chosen, share);
        },
      }),
    });
  define('Softmax', {
    output: true,
    rule: (dy, { y }, { dim }) => ({
      logits: () => {
        const weighted = tf.mul(dy, y);
        return tf.sub(weighted, tf.mul(tf.sum(weighted, dim as number, true), y));
      },
    }),
  });
  define('LogSoftmax', {
    output: true,
    rule: (dy, { y }, { axis }) => ({
      logits: () => tf.sub(dy, tf.mul(tf.sum(dy, axis as number, true), tf.exp(y))),
    }),
  });
  define('Cumsum', {
    rule: (dy, _, { axis, exclusive, reverse }) => ({
      x: () => tf.cumsum(dy, axis as number, exclusive as boolean, !(reverse as boolean)),
    }),
  });
}

/** Repeats a gradient along the axes that were summed over. */
function spread(dy: tf.Tensor, x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  const repeats = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
  return tf.tile(tf.reshape(dy, keptShape(x.shape, axes)), repeats);
}
