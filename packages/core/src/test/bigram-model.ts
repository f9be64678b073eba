import { random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { TrainableModel } from '../batch.js';

/**
 * The smallest language model that can be trained: log π(next | current) = log softmax(table[current] + bias).
 * For tests of what is built on the trainer; it steps in well under a millisecond.
 */
export function bigramModel(engine: Engine, { vocabSize = 11, seed = 0, name = 'bigram' } = {}): TrainableModel {
  const uniform = random(seed);
  const start = (size: number) => Float32Array.from({ length: size }, () => uniform() - 0.5);
  const table = engine.variable(`${name}/table`, [vocabSize, vocabSize], start(vocabSize * vocabSize));
  const bias = engine.variable(`${name}/bias`, [vocabSize], start(vocabSize));
  const weights = new Map([
    ['table', table],
    ['bias', bias],
  ]);
  return {
    engine,
    weights,
    trainable: () => weights,
    sequenceLogps: (params, { ids, predictors, targets, sequence, sequences }) => {
      const current = tf.gather(tf.reshape(ids, [-1]), predictors); // [R]
      const logits = tf.add(tf.gather(params('table'), current), params('bias')); // [R, V]
      const picked = tf.mul(tf.logSoftmax(logits), tf.oneHot(targets, vocabSize)); // [R, V]
      // Padding has sequence number S: one segment more, cut off again.
      const sums = tf.unsortedSegmentSum(tf.sum(picked, 1), sequence, sequences + 1); // [S + 1]
      return tf.slice(sums, [0], [sequences]) as tf.Tensor1D;
    },
  };
}
