import { random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import type { PackedInputs, Params } from '@dpo/models';
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
  const distributions = (params: Params, { ids, predictors }: PackedInputs) => {
    const current = tf.gather(tf.reshape(ids, [-1]), predictors); // [R]
    return tf.logSoftmax(tf.add(tf.gather(params('table'), current), params('bias'))); // [R, V]
  };
  const sums = (ofTokens: tf.Tensor, { sequence, sequences }: PackedInputs) =>
    // Padding has sequence number S: one segment more, cut off again.
    tf.slice(tf.unsortedSegmentSum(ofTokens as tf.Tensor1D, sequence, sequences + 1), [0], [sequences]) as tf.Tensor1D;
  const taken = (logps: tf.Tensor, { targets }: PackedInputs) =>
    tf.sum<tf.Tensor1D>(tf.mul(logps, tf.oneHot(targets, vocabSize)), 1); // [R]
  const sequenceLogps = (params: Params, batch: PackedInputs) =>
    sums(tf.mul(taken(distributions(params, batch), batch), batch.tokenWeights ?? 1), batch);
  return {
    engine,
    weights,
    trainable: () => weights,
    sequenceLogps,
    alignedLogps: (params, batch) => {
      // The parameters are no inputs, so that no gradient goes through.
      const alignments = tf.customGrad((given) => {
        const logps = distributions(params, batch); // [R, V]
        const own = tf.log(tf.sum(tf.exp(tf.mul(logps, 2)), 1)); // [R]
        return {
          value: sums(tf.sub(taken(logps, batch), own), batch),
          gradFunc: () => tf.zerosLike(given as tf.Tensor),
        };
      })(tf.scalar(0)) as tf.Tensor1D;
      return { logps: sequenceLogps(params, batch), alignments };
    },
  };
}
