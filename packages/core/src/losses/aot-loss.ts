import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, negativeLogSigmoid } from './common.js';

/** Settings of {@link aotLoss}. */
export interface AotOptions {
  /** β: the price of moving away from the reference. Default 0.1. */
  readonly beta?: number | undefined;
  /** ε: the share of pairs whose answers are believed to be swapped. Default 0. */
  readonly labelSmoothing?: number | undefined;
}

/**
 * Alignment via optimal transport (AOT): pushes one distribution over a step above another, quantile by quantile, instead of
 * pushing apart the answers of each pair.
 *
 *     L = −(1−ε) log σ(β δ) − ε log σ(−β δ),   δ = a − b
 *
 * where a and b have the same rank, each among the numbers of its kind in the step. For pairs (`aot`), a is
 * log π(y_w) − log π(y_l) and b is log π_ref(y_w) − log π_ref(y_l). For unpaired answers (`aot-unpaired`), a is
 * log π − log π_ref of the chosen answers and b is the same of the rejected answers. One of a and b is differentiated;
 * {@link matchRanks} gives the other. Source: arXiv 2406.05882; TRL 1.13's `aot` and `aot_unpaired`.
 *
 * @param above a, [N]
 * @param below b, [N]
 * @returns the losses, [N]
 */
export function aotLoss(
  above: tf.Tensor1D,
  below: tf.Tensor1D,
  { beta = DEFAULT_BETA, labelSmoothing = 0 }: AotOptions = {},
): tf.Tensor1D {
  const z = tf.mul<tf.Tensor1D>(tf.sub(above, below), beta); // [N]
  return tf.add(
    tf.mul(negativeLogSigmoid(z), 1 - labelSmoothing),
    tf.mul(negativeLogSigmoid(tf.neg(z)), labelSmoothing),
  );
}

/** For each of `values`, the number of `others` that has the same rank. Equal numbers rank in the order of the list. */
export function matchRanks(values: readonly number[], others: readonly number[]): number[] {
  const sorted = [...others].sort((a, b) => a - b);
  const matched = new Array<number>(values.length);
  const order = [...values.keys()].sort((i, j) => (values[i] as number) - (values[j] as number) || i - j);
  for (const [rank, i] of order.entries()) matched[i] = sorted[rank] as number;
  return matched;
}
