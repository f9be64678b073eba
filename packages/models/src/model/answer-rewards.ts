import { segmentSums } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { PackedInputs } from './types.js';

/** 1 for each target that is the last token of its answer, else 0: [R]. The tokens of an answer are neighbours. */
function lastOfAnswers({ sequence, sequences }: PackedInputs): tf.Tensor1D {
  const next = tf.concat([tf.slice(sequence, [1], [sequence.size - 1]), tf.fill([1], sequences, 'int32')]);
  // Entries that only fill have the sequence number S.
  return tf.cast(tf.logicalAnd(tf.notEqual(sequence, next), tf.less(sequence, sequences)), 'float32');
}

/**
 * The flat position b·T + t at which the reward of each answer of a packed batch is computed: the predictor of the answer's last
 * token, [S] int32. The last token has no position of its own, so answers are packed with one token more than their text has.
 * For the body of an engine function.
 */
export function rewardPositions(batch: PackedInputs): tf.Tensor1D {
  // Positions are below 2²⁴, which float32 holds exactly.
  const ofLast = tf.mul<tf.Tensor1D>(tf.cast(batch.predictors, 'float32'), lastOfAnswers(batch));
  return tf.cast(segmentSums(ofLast, batch.sequence, batch.sequences), 'int32');
}

/**
 * Rewards of answers as numbers of tokens, [S] → [R]: an answer's last token has the reward, all other tokens have 0, so that the
 * sum over an answer's tokens is its reward. For the body of an engine function.
 */
export function rewardsByToken(rewards: tf.Tensor1D, batch: PackedInputs): tf.Tensor1D {
  const ofTokens = tf.gather(tf.concat([rewards, tf.zeros([1])]), batch.sequence);
  return tf.mul(ofTokens, lastOfAnswers(batch));
}
