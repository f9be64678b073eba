import * as tf from '@tensorflow/tfjs-core';
import { after } from './after.js';

/** A part of a model: tensors in, one tensor out. */
export type Block = (...inputs: tf.Tensor[]) => tf.Tensor;

/**
 * Recomputation (activation checkpointing): the block keeps only its inputs for the backward pass, and computes everything in
 * between again for its gradient. Of a block's activations, only the inputs then take memory; the block runs twice.
 *
 * Everything that the block uses must be an input, weights included, because the tensors of the forward pass are freed before
 * the block runs again. The first input must be the activations, through which the gradient flows. Inputs without a gradient
 * (masks, indices) are allowed.
 */
export function recompute(block: Block): Block {
  const withGradient = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const inputs = args as tf.Tensor[];
    save(inputs);
    return {
      value: block(...inputs),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradients(block, saved, dy),
    };
  });
  return (...inputs) => withGradient(...inputs);
}

function gradients(block: Block, [first, ...rest]: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  if (first === undefined) return [];
  // Without this wait, TensorFlow would merge the two equal computations of the block into one and keep its result.
  const inputs = [after(first, dy), ...rest];
  const engine = tf.engine();
  // tfjs has one tape at a time: the nested gradient's tape replaces the outer tape, which is put back below.
  const outer = engine.state.activeTape;
  try {
    const { grads } = engine.gradients(() => block(...inputs), inputs, dy, true);
    return grads.map((gradient, i) => gradient ?? tf.zeros((inputs[i] as tf.Tensor).shape));
  } finally {
    if (outer !== undefined) engine.state.activeTape = outer;
  }
}
