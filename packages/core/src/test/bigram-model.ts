import { random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import type { PackedInputs, Params } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';
import type { TrainableModel } from '../model.js';

/**
 * The smallest language model that can be trained: log π(next | current) = log softmax(table[current] + bias).
 * For tests of code that is built on the trainer; a step takes well under a millisecond.
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
  return {
    engine,
    weights,
    trainable: () => weights,
    tokenLogps: (params, batch, { alignments = false } = {}) => {
      const ofTargets = (logps: tf.Tensor) =>
        tf.sum<tf.Tensor1D>(tf.mul(logps, tf.oneHot(batch.targets, vocabSize)), 1); // [R]
      const logps = ofTargets(distributions(params, batch));
      if (!alignments) return { logps };
      // The parameters are not among the inputs, so that no gradient reaches them.
      const align = tf.customGrad((input) => {
        const all = distributions(params, batch); // [R, V]
        const agreement = tf.log(tf.sum(tf.exp(tf.mul(all, 2)), 1)); // [R]
        return { value: tf.sub(ofTargets(all), agreement), gradFunc: () => tf.zerosLike(input as tf.Tensor) };
      });
      return { logps, alignments: align(tf.scalar(0)) as tf.Tensor1D };
    },
  };
}
