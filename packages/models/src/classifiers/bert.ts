import * as tf from '@tensorflow/tfjs-core';
import type { ConfigReader } from '../architectures/config-reader.js';
import { activationOf, type EncoderLayerNames, encoder, padTokenOf } from './encoder.js';
import type { TextNetwork } from './types.js';

/** The names of the parts of a layer in BERT and RoBERTa. */
export function bertLayerNames(prefix: string): (layer: number) => EncoderLayerNames {
  return (layer) => {
    const at = (name: string) => `${prefix}encoder.layer.${layer}.${name}`;
    return {
      query: at('attention.self.query'),
      key: at('attention.self.key'),
      value: at('attention.self.value'),
      output: at('attention.output.dense'),
      attentionNorm: at('attention.output.LayerNorm'),
      up: at('intermediate.dense'),
      down: at('output.dense'),
      outputNorm: at('output.LayerNorm'),
    };
  };
}

/** The settings that the configurations of BERT and RoBERTa have in common. */
export function bertSettings(settings: ConfigReader) {
  settings.choice('position_embedding_type', ['absolute'], 'absolute');
  settings.multiple('hidden_size', 'num_attention_heads');
  return {
    width: settings.count('hidden_size', 768),
    inner: settings.count('intermediate_size', 3072),
    layers: settings.count('num_hidden_layers', 12),
    heads: settings.count('num_attention_heads', 12),
    tokenTypes: settings.count('type_vocab_size', 2),
    epsilon: settings.positive('layer_norm_eps', 1e-12),
    activation: activationOf(settings, 'hidden_act'),
  };
}

/** BERT (arXiv 1810.04805) with its pooler and one linear layer. */
export function bert(settings: ConfigReader, labels: number): TextNetwork {
  const common = bertSettings(settings);
  const positionCount = settings.count('max_position_embeddings', 512);
  return encoder({
    ...common,
    modelType: 'bert',
    prefix: 'bert.',
    vocabSize: settings.count('vocab_size', 30522),
    positionCount,
    maxTokens: positionCount,
    layerNames: bertLayerNames('bert.'),
    head: [
      { name: 'bert.pooler.dense', size: common.width, activation: (x) => tf.tanh(x) },
      { name: 'classifier', size: labels, activation: (x) => x },
    ],
    padTokenId: padTokenOf(settings, 0),
    positions: (ids) => [...ids.keys()],
    isExtra: (name) => /(^|\.)position_ids$/.test(name) || name.startsWith('cls.'),
  });
}
