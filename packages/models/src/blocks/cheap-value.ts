import { after } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/**
 * A value of few operations behind large products, such as an activation. A product of the value with weights computes the value
 * again for the gradient by the weights, so that only the sources stay in memory, which the value's own gradient needs in any case.
 */
export interface CheapValue {
  readonly value: tf.Tensor2D;
  readonly sources: readonly tf.Tensor[];
  /** The value out of the sources alone. */
  compute(...sources: tf.Tensor[]): tf.Tensor2D;
}

/** What a linear layer is applied to, [n, in]. */
export type LayerInput = tf.Tensor2D | CheapValue;

/**
 * A cheap value with a gradient by hand, which needs the sources alone.
 *
 * The gradient waits for dy before it repeats steps of the forward pass: without the wait, TensorFlow would compute the steps once,
 * and keep their results.
 */
export function cheapValue(
  sources: readonly tf.Tensor[],
  compute: (...sources: tf.Tensor[]) => tf.Tensor,
  backward: (dy: tf.Tensor, sources: readonly tf.Tensor[]) => tf.Tensor[],
): CheapValue {
  const value = withGradient(
    sources,
    () => ({ value: compute(...sources), saved: sources }),
    (dy, [first, ...rest]) => backward(dy, [after(first as tf.Tensor, dy), ...rest]),
  );
  return { value: value as tf.Tensor2D, sources, compute: compute as CheapValue['compute'] };
}

/** The tensor of a layer's input. */
export function tensorOf(input: LayerInput): tf.Tensor2D {
  return input instanceof tf.Tensor ? input : input.value;
}

/**
 * x W of a layer's input x and weights W that are trained: [n, in] → [n, out].
 *
 *     dx = dy Wᵀ      dW = xᵀ dy
 *
 * A cheap x is computed again for dW, once dy is there. For weights that stay as they are, a plain product keeps no x either.
 *
 * @param w [in, out], or [out, in] when `transposed`
 */
export function weightProduct(input: LayerInput, w: tf.Tensor2D, transposed: boolean): tf.Tensor2D {
  const x = tensorOf(input);
  if (input instanceof tf.Tensor) return tf.matMul(x, w, false, transposed);
  return withGradient(
    [x, w],
    () => ({ value: tf.matMul(x, w, false, transposed), saved: [w, ...input.sources] }),
    (dy, [w, first, ...rest]) => {
      const again = input.compute(after(first as tf.Tensor, dy), ...rest);
      const dx = tf.matMul(dy, w as tf.Tensor, false, !transposed);
      return [dx, transposed ? tf.matMul(dy, again, true, false) : tf.matMul(again, dy, true, false)];
    },
  ) as tf.Tensor2D;
}
