import * as tf from '@tensorflow/tfjs-core';
import type { ConfigReader } from '../architectures/config-reader.js';
import { activationOf, encoder, padTokenOf } from './encoder.js';
import type { TextNetwork } from './types.js';

/** DistilBERT (arXiv 1910.01108): half of BERT's layers, no token types, no pooler. */
export function distilbert(settings: ConfigReader, labels: number): TextNetwork {
  const width = settings.count('dim', 768);
  const positionCount = settings.count('max_position_embeddings', 512);
  settings.multiple('dim', 'n_heads');
  return encoder({
    modelType: 'distilbert',
    width,
    inner: settings.count('hidden_dim', 3072),
    layers: settings.count('n_layers', 6),
    heads: settings.count('n_heads', 12),
    tokenTypes: 0,
    epsilon: 1e-12,
    activation: activationOf(settings, 'activation'),
    prefix: 'distilbert.',
    vocabSize: settings.count('vocab_size', 30522),
    positionCount,
    maxTokens: positionCount,
    layerNames: (layer) => {
      const at = (name: string) => `distilbert.transformer.layer.${layer}.${name}`;
      return {
        query: at('attention.q_lin'),
        key: at('attention.k_lin'),
        value: at('attention.v_lin'),
        output: at('attention.out_lin'),
        attentionNorm: at('sa_layer_norm'),
        up: at('ffn.lin1'),
        down: at('ffn.lin2'),
        outputNorm: at('output_layer_norm'),
      };
    },
    head: [
      { name: 'pre_classifier', size: width, activation: (x) => tf.relu(x) },
      { name: 'classifier', size: labels, activation: (x) => x },
    ],
    padTokenId: padTokenOf(settings, 0),
    positions: (ids) => [...ids.keys()],
    isExtra: (name) => /(^|\.)position_ids$/.test(name) || name.startsWith('vocab_'),
  });
}
