import * as tf from '@tensorflow/tfjs-core';
import type { ConfigReader } from '../architectures/config-reader.js';
import { bertLayerNames, bertSettings } from './bert.js';
import { encoder, padTokenOf } from './encoder.js';
import type { TextNetwork } from './types.js';

/**
 * RoBERTa (arXiv 1907.11692), and XLM-RoBERTa (arXiv 1911.02116), which differs by its vocabulary. The first position is the
 * padding token's id plus 1. A padding token's position is its id.
 */
export function roberta(settings: ConfigReader, labels: number): TextNetwork {
  const common = bertSettings(settings);
  const padTokenId = padTokenOf(settings, 1);
  const positionCount = settings.count('max_position_embeddings', 512);
  return encoder({
    ...common,
    modelType: String(settings.raw.model_type),
    prefix: 'roberta.',
    vocabSize: settings.count('vocab_size', 50265),
    positionCount,
    maxTokens: positionCount - padTokenId - 1,
    layerNames: bertLayerNames('roberta.'),
    head: [
      { name: 'classifier.dense', size: common.width, activation: (x) => tf.tanh(x) },
      { name: 'classifier.out_proj', size: labels, activation: (x) => x },
    ],
    padTokenId,
    positions(ids) {
      let count = 0;
      return ids.map((id) => padTokenId + (id === padTokenId ? 0 : ++count));
    },
    isExtra: (name) => /(^|\.)(position_ids|pooler\.dense\.(weight|bias))$/.test(name) || name.startsWith('lm_head.'),
  });
}
