import * as tf from '@tensorflow/tfjs-core';
import { decoderFor } from '../architectures/registry.js';
import { SCORE, withScoreHead } from '../architectures/score-head.js';
import { tensorOf } from '../blocks/cheap-value.js';
import { linearLayers } from '../blocks/linear-layers.js';
import { packedAttention } from '../blocks/packed-attention.js';
import { computeBlock } from '../model/compute-block.js';
import type { TextNetwork } from './types.js';

/**
 * A decoder with a score head instead of the unembedding, such as `LlamaForSequenceClassification`: a reward model. The logits
 * come from the hidden state of the last token that is no padding.
 *
 *     logits = norm(h_last) Wᵀ, W [N, D] without a bias
 */
export function scoredDecoder(raw: Readonly<Record<string, unknown>>, path: string, labels: number): TextNetwork {
  const decoder = withScoreHead(decoderFor(raw, path), labels);
  const { config, weights } = decoder;
  const pad = raw.pad_token_id;
  const padTokenId = typeof pad === 'number' && pad >= 0 && pad < config.vocabSize ? pad : undefined;
  return {
    modelType: config.modelType,
    weights,
    prefix: decoder.prefix,
    isExtra: decoder.isExtra,
    vocabSize: config.vocabSize,
    maxTokens: config.maxPositions,
    padTokenId,
    positions: (ids) => [...ids.keys()],
    // Padding tokens at the end of the text itself do not count either: transformers cannot tell them from padding.
    deciding: (ids) =>
      Math.max(0, padTokenId === undefined ? ids.length - 1 : ids.findLastIndex((id) => id !== padTokenId)),
    logits({ ids, positions, mask, deciding }, weight) {
      const attend = packedAttention({ groupNumbers: mask, answerNumbers: tf.zerosLike(mask), positions });
      const layers = linearLayers(
        (x, layer) => tf.matMul(tensorOf(x), weight(`${layer}.weight`), false, decoder.linearLayout === 'out-in'),
        (layer) => (weights.has(`${layer}.bias`) ? weight(`${layer}.bias`) : undefined),
      );
      // After the attention of the last layer, only the deciding tokens count.
      const selectPositions = (layer: number, x: tf.Tensor2D) =>
        layer === config.layers - 1 ? tf.gather(x, deciding) : x;
      const computation = { weight, ...layers, attend, selectPositions, block: computeBlock };
      const states = decoder.hidden({ ids, positions, groupNumbers: mask }, computation); // [B, D]
      return tf.matMul(decoder.finalNorm(states, { weight }), weight(SCORE), false, true);
    },
  };
}
