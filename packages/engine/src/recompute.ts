import * as tf from '@tensorflow/tfjs-core';
import { after } from './after.js';

/** A part of a model: tensors in, one tensor out. */
export type Block = (...inputs: tf.Tensor[]) => tf.Tensor;

/**
 * Recomputation (activation checkpointing): a block that keeps only its inputs for the backward pass and computes everything
 * in between again when its gradient is asked for. Memory for activations falls from all of a block's to its inputs; the
 * block runs twice.
 *
 * Everything that the block uses must be an input, weights included: tensors of the forward pass are gone when it runs
 * again. The first input must be one that the gradient flows through (the activations). Inputs without a gradient
 * (masks, indices) are allowed.
 */
export function recompute(block: Block): Block {
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
  // A compiled function sees two computations of the same thing: without the wait it would make one of them.
  const inputs = [after(first, dy), ...rest];
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
