import { DpoError } from '@dpo/base';
import type { Engine, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Attend, Decoder } from '../architectures/types.js';
import { attention } from '../blocks/attention.js';
import { attentionBias } from '../blocks/attention-bias.js';
import { tokenLogps } from '../blocks/token-logps.js';
import { adapterDelta } from '../lora/adapter-delta.js';
import type { Adapter } from '../lora/types.js';
import type { LanguageModel, Params } from './types.js';

/** Choosing rows in the last layer pays where they are at most this part of all. */
const FEWER = 0.9;

/** Puts a decoder, its weights' variables and an adapter together. The model owns the variables. */
export function languageModel(
  engine: Engine,
  decoder: Decoder,
  weights: ReadonlyMap<string, Variable>,
  adapter?: Adapter,
): LanguageModel {
  const { config } = decoder;
  const callbacks: (() => void)[] = [];
  let disposed = false;

  const computation = (params: Params, active: Adapter | undefined) => ({
    weight: params,
    linear: (x: tf.Tensor2D, layer: string): tf.Tensor2D => {
      let y = tf.matMul<tf.Tensor2D>(x, params(`${layer}.weight`), false, decoder.linearLayout === 'out-in');
      if (decoder.weights.has(`${layer}.bias`)) y = tf.add(y, params(`${layer}.bias`));
      const delta = active === undefined ? undefined : adapterDelta(active, layer, x, params);
      return delta === undefined ? y : tf.add(y, delta);
    },
  });

  const model: LanguageModel = {
    config,
    engine,
    decoder,
    weights,
    adapter,
    vocabSize: config.vocabSize,
    maxPositions: config.maxPositions,
    trainable: () => adapter?.weights ?? weights,
    variable(name) {
      const variable = adapter?.weights.get(name) ?? weights.get(name);
      if (variable !== undefined) return variable;
      throw new DpoError('model.unknown-tensor', `The model has no weight "${name}".`, { values: { tensor: name } });
    },
    hidden(params, tokens, attend, { adapter: on = true, at } = {}) {
      const compute = (needed: (layer: number, x: tf.Tensor2D) => tf.Tensor2D) =>
        decoder.hidden(tokens, { ...computation(params, on ? adapter : undefined), attend, needed });
      if (at === undefined) return compute((_, x) => x);
      // Positions may come several times, so that there can be more of them than rows.
      if (at.size > FEWER * tokens.ids.size)
        return tf.gather(
          compute((_, x) => x),
          at,
        );
      return compute((layer, x) => (layer === config.layers - 1 ? tf.gather(x, at) : x));
    },
    logits: (params, rows) =>
      tf.matMul(decoder.finalNorm(rows, { weight: params }), params(decoder.unembedding), false, true),
    sequenceLogps(params, batch, options) {
      const { groups, answers, predictors, targets, sequence, sequences } = batch;
      const bias = attentionBias(groups, answers);
      // Only rows that predict something meet the vocabulary, which costs as much as many layers.
      const attend: Attend = (_layer, q, k, v) => attention(q, k, v, bias);
      const states = model.hidden(params, batch, attend, { ...options, at: predictors }); // [R, D]
      const rows = decoder.finalNorm(states, { weight: params }); // [R, D]
      const logps = tokenLogps(rows, params(decoder.unembedding) as tf.Tensor2D, targets); // [R]
      // Filling entries are numbered S: one segment more, cut off again.
      return tf.slice(tf.unsortedSegmentSum(logps, sequence, sequences + 1), [0], [sequences]) as tf.Tensor1D;
    },
    onDispose: (callback) => {
      callbacks.push(callback);
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const callback of callbacks) callback();
      for (const variable of weights.values()) variable.dispose();
      for (const variable of adapter?.weights.values() ?? []) variable.dispose();
    },
  };
  return model;
}
