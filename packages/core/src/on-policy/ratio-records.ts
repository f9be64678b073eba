import * as tf from '@tensorflow/tfjs-core';
import type { Columns, MethodInputs } from '../method.js';
import type { ClippedRatios } from './clipped-ratio-loss.js';
import { answerLengths, answerTotals, ofTokens } from './rollout-example.js';

/** A step with a higher mean ratio is left out. TRL's former PPOTrainer had the same number. */
const MAX_RATIO = 10;

/**
 * Columns of a step's ratios, [N] each: sums over the entries of each example, the number of its entries and of its tokens, and the
 * sum over its tokens of |log π − log π_old| in nats, where log π_old was computed while the answers were drawn. Entries are tokens
 * or answers.
 */
export function ratioColumns(
  inputs: Pick<MethodInputs, 'answers' | 'tokens' | 'scalars'>,
  { ratios, clippedLow, clippedHigh }: ClippedRatios,
): Record<string, tf.Tensor1D> {
  const lengths = answerLengths(inputs); // [N, K]
  // Numbers of answers, [N, K], as they are; numbers of tokens, [R], as sums over each answer.
  const byAnswer = (values: tf.Tensor) => (values.rank === 2 ? values : answerTotals(inputs, values as tf.Tensor1D));
  const column = (values: tf.Tensor) => tf.sum<tf.Tensor1D>(byAnswer(values), 1);
  const difference = tf.abs(tf.sub(inputs.tokens.policy, ofTokens(inputs, 'old'))); // [R]
  const [count] = lengths.shape;
  return {
    ratio: column(ratios),
    clippedLow: column(clippedLow),
    clippedHigh: column(clippedHigh),
    entries: tf.sum<tf.Tensor1D>(ratios.rank === 2 ? tf.onesLike(lengths) : lengths, 1),
    difference: column(difference),
    tokens: tf.sum<tf.Tensor1D>(lengths, 1),
    fresh: tf.mul(tf.ones<tf.Rank.R1>([count]), inputs.scalars.fresh as tf.Scalar),
  };
}

/**
 * The record of the columns of {@link ratioColumns}, under TRL's names: `clip_ratio/low_mean`, `clip_ratio/high_mean`,
 * `clip_ratio/region_mean`; in the first step after sampling `sampling/sampling_logp_difference/mean`. Names of our own are `ratio`,
 * the mean ratio, and `ratio/skipped`, 1 for a step that was left out because of its mean ratio.
 */
export function ratioRecords(columns: Columns, maxRatio: number = MAX_RATIO): Record<string, number> {
  const share = (name: string) => total(columns[name]) / total(columns.entries);
  const [low, high] = [share('clippedLow'), share('clippedHigh')];
  return {
    ratio: share('ratio'),
    'ratio/skipped': acceptsRatio(columns, maxRatio) ? 0 : 1,
    'clip_ratio/low_mean': low,
    'clip_ratio/high_mean': high,
    'clip_ratio/region_mean': low + high,
    ...(total(columns.fresh) > 0
      ? { 'sampling/sampling_logp_difference/mean': total(columns.difference) / total(columns.tokens) }
      : {}),
  };
}

/** False for a step whose mean ratio is too high. A ratio that is not a number is left to the check of the gradient's norm. */
export function acceptsRatio({ ratio, entries }: Columns, maxRatio: number = MAX_RATIO): boolean {
  return !(total(ratio) / total(entries) > maxRatio);
}

function total(values: readonly number[] = []): number {
  return values.reduce((sum, value) => sum + value, 0);
}
