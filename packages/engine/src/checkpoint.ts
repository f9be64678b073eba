import * as tf from '@tensorflow/tfjs-core';

/** A part of a model: tensors in, one tensor out. */
export type Block = (...inputs: tf.Tensor[]) => tf.Tensor;

/**
 * Activation checkpointing: a block that keeps only its inputs for the backward pass and computes everything in between
 * again when its gradient is asked for. Memory for activations falls from all of a block's to its inputs; the block runs
 * twice.
 *
 * Everything that the block uses must be an input, weights included: tensors of the forward pass are gone when it runs
 * again. The first input must be one that the gradient flows through (the activations). Inputs without a gradient
 * (masks, indices) are allowed.
 */
export function checkpoint(block: Block): Block {
  const recomputed = tf.customGrad((...given) => {
    const save = given.pop() as unknown as tf.GradSaveFunc;
    const inputs = given as tf.Tensor[];
    save(inputs);
    return {
      value: block(...inputs),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradients(block, saved, dy),
    };
  });
  return (...inputs) => recomputed(...inputs);
}

function gradients(block: Block, [first, ...rest]: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  if (first === undefined) return [];
  const inputs = [barrier(first, dy), ...rest];
  const engine = tf.engine();
  // tfjs has one tape at a time: the tape of the nested gradient takes the place of the outer one, which is walked now.
  const outer = engine.state.activeTape;
  try {
    const { grads } = engine.gradients(() => block(...inputs), inputs, dy, true);
    return grads.map((gradient, i) => gradient ?? tf.zeros((inputs[i] as tf.Tensor).shape));
  } finally {
    if (outer !== undefined) engine.state.activeTape = outer;
  }
}

/**
 * x, once `after` is there. A compiled function would otherwise compute the block once and keep the result, or compute it
 * early, for it sees two computations of the same thing.
 */
function barrier(x: tf.Tensor, after: tf.Tensor): tf.Tensor {
  if (tf.getKernel('Barrier', tf.getBackend()) === undefined) return x;
  return tf.engine().runKernel('Barrier', { x, after }) as tf.Tensor;
}
