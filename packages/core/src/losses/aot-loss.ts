import * as tf from '@tensorflow/tfjs-core';
import { DEFAULT_BETA, negativeLogSigmoid } from './common.js';

/** What the losses of alignment by optimal transport are told. */
export interface AotOptions {
  /** β: how dear it is to leave the reference. Default 0.1. */
  readonly beta?: number | undefined;
  /** ε: the share of pairs whose answers are believed to be swapped. Default 0. */
  readonly labelSmoothing?: number | undefined;
}

/**
 * Alignment via optimal transport: not each pair, but the distribution of what is preferred over a step is pushed above the
 * other one, quantile by quantile.
 *
 *     L = −(1−ε) log σ(β δ) − ε log σ(−β δ),   δ = a − b
 *
 * where a and b have the same rank, each among the numbers of its kind in the step: log π(y_w) − log π(y_l) against the
 * same of the reference for pairs (`aot`), log π − log π_ref of the chosen against that of the rejected answers
 * (`aot-unpaired`). One of the two is differentiated; see {@link matchRanks} for the other. Source: arXiv 2406.05882;
 * TRL 1.13's `aot` and `aot_unpaired`.
 *
 * @param above a, [rows]
 * @param below b, [rows]
 * @returns [rows]
 */
export function aotLoss(
  above: tf.Tensor1D,
  below: tf.Tensor1D,
  { beta = DEFAULT_BETA, labelSmoothing = 0 }: AotOptions = {},
): tf.Tensor1D {
  const z = tf.mul<tf.Tensor1D>(tf.sub(above, below), beta); // [rows]
  return tf.add(
    tf.mul(negativeLogSigmoid(z), 1 - labelSmoothing),
    tf.mul(negativeLogSigmoid(tf.neg(z)), labelSmoothing),
  );
}

/** To each of `values`, the one of `others` that has the same rank; equal ones rank in the order in which they are given. */
export function matchRanks(values: readonly number[], others: readonly number[]): number[] {
  const sorted = [...others].sort((a, b) => a - b);
  const matched = new Array<number>(values.length);
  const order = [...values.keys()].sort((i, j) => (values[i] as number) - (values[j] as number) || i - j);
  for (const [rank, i] of order.entries()) matched[i] = sorted[rank] as number;
  return matched;
}
