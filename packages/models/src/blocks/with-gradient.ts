import * as tf from '@tensorflow/tfjs-core';

/** What a function with a gradient of its own computes: its value, and what the gradient needs again. */
export interface Forward {
  readonly value: tf.Tensor;
  readonly saved: readonly tf.Tensor[];
}

/**
 * A value whose gradient is written by hand: fewer operations, and fewer intermediate results kept in memory, than
 * differentiating step by step.
 *
 * `backward` gets the incoming gradient and the saved tensors and returns one gradient per input. It must use no other
 * tensor made in the forward pass: those are freed by then.
 */
export function withGradient(
  inputs: readonly tf.Tensor[],
  forward: () => Forward,
  backward: (dy: tf.Tensor, saved: readonly tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const save = args.at(-1) as tf.GradSaveFunc;
    const { value, saved } = forward();
    save([...saved]);
    return { value, gradFunc: backward };
  });
  return op(...inputs);
}
