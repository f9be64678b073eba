import * as tf from '@tensorflow/tfjs-core';
import { define, register, sumToShape } from './_define.js';

/** Gradients of the kernels that move elements. */
export function defineShaping(): void {
  for (const kernel of ['Reshape', 'ExpandDims'])
    define(kernel, {
      inputs: [kernel === 'Reshape' ? 'x' : 'input'],
      rule: (dy, saved) => {
        const [[name, input]] = Object.entries(saved) as [[string, tf.Tensor]];
        return { [name]: () => tf.reshape(dy, input.shape) };
      },
    });
  define('Transpose', {
    rule: (dy, _, { perm }) => ({ x: () => tf.transpose(dy, inverse(perm as number[])) }),
  });
  define('Slice', {
    inputs: ['x'],
    rule: (dy, { x }, { begin, size }) => ({
      x: () => {
        const [from] = tf.slice_util.parseSliceParams(x, begin as number[], size as number[]) as [number[], number[]];
        return tf.pad(
          dy,
          from.map((start, axis) => [start, (x.shape[axis] ?? 0) - start - (dy.shape[axis] ?? 0)] as [number, number]),
        );
      },
    }),
  });
  define('PadV2', {
    inputs: ['x'],
    rule: (dy, { x }, { paddings }) => ({
      x: () =>
        tf.slice(
          dy,
          (paddings as [number, number][]).map(([before]) => before),
          x.shape,
        ),
    }),
  });
  define('Tile', {
    inputs: ['x'],
    rule: (dy, { x }, { reps }) => ({
      x: () => {
        const repeats = reps as number[];
        // [r₀, n₀, r₁, n₁, …], summed over the repeats.
        const split = x.shape.flatMap((size, axis) => [repeats[axis] ?? 1, size]);
        return tf.reshape(
          tf.sum(
            tf.reshape(dy, split),
            x.shape.map((_, axis) => 2 * axis),
          ),
          x.shape,
        );
      },
    }),
  });
  define('BroadcastTo', { inputs: ['x'], rule: (dy, { x }) => ({ x: () => sumToShape(dy, x.shape) }) });
  define('Reverse', { rule: (dy, _, { dims }) => ({ x: () => tf.reverse(dy, dims as number[]) }) });
  register({
    kernelName: 'Concat',
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const first = saved[0] as tf.Tensor;
      const [axis = 0] = tf.util.parseAxisParam(attributes.axis as number, first.shape);
      const sizes = saved.map((x) => x.shape[axis] ?? 0);
      const parts = tf.split(dy as tf.Tensor, sizes, axis);
      return Object.fromEntries(parts.map((part, i) => [i, () => part]));
    },
  });
  register({
    kernelName: 'SplitV',
    gradFunc: (dy, _, attributes) => ({ x: () => tf.concat(pieces(dy), attributes.axis as number) }),
  });
  register({
    kernelName: 'Pack',
    saveAllInputs: true,
    gradFunc: (dy, _, attributes) => {
      const parts = tf.unstack(dy as tf.Tensor, attributes.axis as number);
      return Object.fromEntries(parts.map((part, i) => [i, () => part]));
    },
  });
  register({
    kernelName: 'Unpack',
    gradFunc: (dy, _, attributes) => ({ value: () => tf.stack(pieces(dy), attributes.axis as number) }),
  });
}

/** The gradients of a kernel's outputs as a list; tfjs gives the gradient of a single output without a list. */
function pieces(dy: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
  return Array.isArray(dy) ? dy : [dy];
}

function inverse(permutation: readonly number[]): number[] {
  const result = permutation.map(() => 0);
  permutation.forEach((from, to) => {
    result[from] = to;
  });
  return result;
}
