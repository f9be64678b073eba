import { segmentSums } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { PackedInputs } from './types.js';

/** Which of the R predicted tokens is the last of its answer, 1 or 0: [R]. Tokens of an answer stand together. */
function lastOfAnswers({ sequence, sequences }: PackedInputs): tf.Tensor1D {
  const next = tf.concat([tf.slice(sequence, [1], [sequence.size - 1]), tf.fill([1], sequences, 'int32')]);
  // What only fills is of answer S.
  return tf.cast(tf.logicalAnd(tf.notEqual(sequence, next), tf.less(sequence, sequences)), 'float32');
}

/**
 * Where the reward of each answer of a packed batch is read: the flat position b·T + t that predicts the answer's last token,
 * [S] int32. The answer's last token takes no position of its own, so that an answer is packed with one token more than its text
 * has. For the body of an engine function.
 */
export function rewardPositions(batch: PackedInputs): tf.Tensor1D {
  // Positions are below 2²⁴, which float32 holds exactly.
  const ofLast = tf.mul<tf.Tensor1D>(tf.cast(batch.predictors, 'float32'), lastOfAnswers(batch));
  return tf.cast(segmentSums(ofLast, batch.sequence, batch.sequences), 'int32');
}

/**
 * Rewards of answers as numbers of tokens, [S] → [R]: an answer's last token has the reward, all others 0, so that sums over
 * answers are rewards. For the body of an engine function.
 */
export function rewardsByToken(rewards: tf.Tensor1D, batch: PackedInputs): tf.Tensor1D {
  const ofTokens = tf.gather(tf.concat([rewards, tf.zeros([1])]), batch.sequence);
  return tf.mul(ofTokens, lastOfAnswers(batch));
}
