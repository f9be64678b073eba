import * as tf from '@tensorflow/tfjs-core';

/** The value head's loss of each token. */
export interface ClippedValues<T extends tf.Tensor = tf.Tensor> {
  readonly losses: T;
  /** 1 for a token whose clipped value counts; else 0. */
  readonly clipped: T;
}

/**
 * The value head's loss. A prediction counts only as far as ε from the prediction of the time when the answers were drawn:
 *
 *     L = ½ max((V − G)², (clip(V, V_old ± ε) − G)²)
 *
 * Source: `vf_loss` of lm-human-preferences ("The N implementation details of RLHF with PPO").
 *
 * @param values V, differentiable
 * @param before V_old
 * @param returns G
 * @param range ε; default 0.2
 */
export function clippedValueLoss<T extends tf.Tensor>(values: T, before: T, returns: T, range = 0.2): ClippedValues<T> {
  const near = tf.maximum<T>(tf.minimum<T>(values, tf.add(before, range)), tf.sub(before, range));
  const [free, bound] = [tf.squaredDifference<T>(values, returns), tf.squaredDifference<T>(near, returns)];
  return {
    losses: tf.mul<T>(tf.maximum<T>(free, bound), 0.5),
    clipped: tf.cast<T>(tf.greater(bound, free), 'float32'),
  };
}
