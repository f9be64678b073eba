import type { Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { within } from './_settings.js';
import { decays, type Optimizer } from './types.js';

/** Settings of {@link adafactor}. */
export interface AdafactorOptions {
  /** ε: added to the squared gradient. Default 1e-30. */
  readonly epsilon?: number | undefined;
  /** ε₂: the smallest scale of a weight under `scaleParameter`. Default 1e-3. */
  readonly minScale?: number | undefined;
  /** d: the root mean square that an update is scaled down to. Default 1. */
  readonly clipThreshold?: number | undefined;
  /** c of β₂(t) = 1 − t^−c. Default 0.8. */
  readonly decayRate?: number | undefined;
  /** Multiplies the learning rate by the root mean square of the weight. Default false. */
  readonly scaleParameter?: boolean | undefined;
  /** λ: the decoupled weight decay of matrices. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * Adafactor with a learning rate from outside and no momentum. It adapts as AdamW does, but the state of a matrix is one number
 * to a row and one to a column.
 *
 *     s = g² + ε      R ← β₂ R + (1−β₂) mean(s, columns)      C ← β₂ C + (1−β₂) mean(s, rows)      β₂ = 1 − t^−c
 *     u = g / √(R Cᵀ / mean(R))      u ← u / max(1, rms(u) / d)      w ← w (1 − η λ) − η u
 *
 * A vector keeps the mean of s itself; a tensor of more than two axes is factored in the last two. With
 * `scaleParameter` η is η · max(ε₂, rms(w)). Weight decay λ is on matrices only.
 *
 * Source: arXiv 1804.04235, algorithms 4 and 5, as transformers' `Adafactor(relative_step=False)`. Defaults: ε 1e-30,
 * ε₂ 1e-3, d 1, c 0.8, λ 0, `scaleParameter` false.
 *
 * @throws DpoError `optimizer.out-of-range` when a setting is negative
 */
export function adafactor(options: AdafactorOptions = {}): Optimizer {
  const { scaleParameter = false } = options;
  const epsilon = within('epsilon', options.epsilon ?? 1e-30, 0, Number.POSITIVE_INFINITY);
  const minScale = within('minScale', options.minScale ?? 1e-3, 0, Number.POSITIVE_INFINITY);
  const clipThreshold = within('clipThreshold', options.clipThreshold ?? 1, 0, Number.POSITIVE_INFINITY);
  const decayRate = within('decayRate', options.decayRate ?? 0.8, 0, Number.POSITIVE_INFINITY);
  const weightDecay = within('weightDecay', options.weightDecay ?? 0, 0, Number.POSITIVE_INFINITY);
  return {
    name: 'adafactor',
    settings: { epsilon, minScale, clipThreshold, decayRate, scaleParameter, weightDecay },
    slots: ['exp_avg_sq_row', 'exp_avg_sq_col', 'exp_avg_sq'],
    slotShape: (slot, shape) => {
      if (slot === 'exp_avg_sq') return shape.length < 2 ? shape : undefined;
      if (shape.length < 2) return undefined;
      return slot === 'exp_avg_sq_row' ? shape.slice(0, -1) : [...shape.slice(0, -2), ...shape.slice(-1)];
    },
    scalars: (learningRate, t) => ({ rate: learningRate, beta2: 1 - t ** -decayRate }),
    update: (scope, { variable, gradient, slots, scalars, gate }) => {
      const weight = scope.read(variable);
      const beta2 = scalars.beta2 as tf.Scalar;
      const average = (slot: Variable, value: tf.Tensor): tf.Tensor => {
        const next = tf.add(tf.mul(scope.read(slot), beta2), tf.mul(value, tf.sub(1, beta2)));
        scope.assign(slot, next);
        return next;
      };
      const squares = tf.add(tf.square(gradient), epsilon);
      const u = tf.mul(gradient, inverseRoot(squares, slots, average));
      const clipped = tf.div(u, tf.maximum(1, tf.div(rms(u), clipThreshold)));
      const rate = tf.mul(scalars.rate as tf.Scalar, gate);
      const scaled = scaleParameter ? tf.mul(rate, tf.maximum(minScale, rms(weight))) : rate;
      const step = weightDecay > 0 && decays(variable) ? tf.add(clipped, tf.mul(weight, weightDecay)) : clipped;
      scope.assign(variable, tf.sub(weight, tf.mul(step, scaled)));
    },
  };
}

/** 1 / √v, v the running mean of the squares or its factored estimate. */
function inverseRoot(
  squares: tf.Tensor,
  slots: Readonly<Record<string, Variable>>,
  average: (slot: Variable, value: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const { exp_avg_sq: whole, exp_avg_sq_row: rows, exp_avg_sq_col: columns } = slots;
  if (rows === undefined || columns === undefined) return tf.rsqrt(average(whole as Variable, squares));
  const row = average(rows, tf.mean(squares, -1)); // […, rows]
  const column = average(columns, tf.mean(squares, -2)); // […, columns]
  const share = tf.div(row, tf.mean(row, -1, true));
  return tf.mul(tf.expandDims(tf.rsqrt(share), -1), tf.expandDims(tf.rsqrt(column), -2));
}

function rms(x: tf.Tensor): tf.Scalar {
  return tf.sqrt(tf.mean(tf.square(x)));
}
