import * as tf from '@tensorflow/tfjs-core';
import { siluTimes } from '../blocks/activations.js';
import { joinHeads, splitHeads } from '../blocks/attention.js';
import { rmsNorm } from '../blocks/rms-norm.js';
import { rotate, rotation } from '../blocks/rotary.js';
import { weightTable } from './_weights.js';
import type { ConfigReader } from './config-reader.js';
import { readRotary, stretched } from './read-rotary.js';
import type { Decoder, ModelConfig } from './types.js';

/**
 * OLMo 2 (arXiv 2501.00656): Llama with RMS norms after attention and MLP instead of before them, and RMS norms of queries and
 * keys, each over all heads together:
 *
 *     h = x + norm(attention(x))      y = h + norm(mlp(h))
 *
 * Linear layers are stored [out, in].
 */
export function olmo2(settings: ConfigReader): Decoder {
  const width = settings.count('hidden_size', 4096);
  const inner = settings.count('intermediate_size', 11008);
  const layers = settings.count('num_hidden_layers', 32);
  const heads = settings.count('num_attention_heads', 32);
  const keyValueHeads = settings.count('num_key_value_heads', heads);
  const headSize = settings.count('head_dim', width / heads);
  const vocabSize = settings.count('vocab_size', 50304);
  const epsilon = settings.positive('rms_norm_eps', 1e-5);
  const tiedHead = settings.flag('tie_word_embeddings', false);
  const bias = { bias: settings.flag('attention_bias', false) };
  const maxPositions = settings.count('max_position_embeddings', 2048);
  const rotary = readRotary(settings, headSize, maxPositions);
  settings.choice('hidden_act', ['silu', 'swish'], 'silu');
  settings.multiple('num_attention_heads', 'num_key_value_heads');

  const config: ModelConfig = {
    modelType: 'olmo2',
    width,
    layers,
    heads,
    keyValueHeads,
    headSize,
    vocabSize,
    maxPositions: stretched(maxPositions, rotary),
    tiedHead,
    raw: settings.raw,
  };

  const layer = (i: number) => `model.layers.${i}`;
  const table = weightTable('out-in', settings.positive('initializer_range', 0.02));
  table.embedding('model.embed_tokens.weight', vocabSize, width);
  for (let i = 0; i < layers; i++) {
    const own = table.ofLayer(i);
    const attention = `${layer(i)}.self_attn`;
    own.linear(`${attention}.q_proj`, width, heads * headSize, bias);
    own.linear(`${attention}.k_proj`, width, keyValueHeads * headSize, bias);
    own.linear(`${attention}.v_proj`, width, keyValueHeads * headSize, bias);
    own.linear(`${attention}.o_proj`, heads * headSize, width, bias);
    own.vector(`${attention}.q_norm.weight`, heads * headSize, 1);
    own.vector(`${attention}.k_norm.weight`, keyValueHeads * headSize, 1);
    own.linear(`${layer(i)}.mlp.gate_proj`, width, inner);
    own.linear(`${layer(i)}.mlp.up_proj`, width, inner);
    own.linear(`${layer(i)}.mlp.down_proj`, inner, width);
    own.vector(`${layer(i)}.post_attention_layernorm.weight`, width, 1);
    own.vector(`${layer(i)}.post_feedforward_layernorm.weight`, width, 1);
  }
  table.vector('model.norm.weight', width, 1);
  if (!tiedHead) table.embedding('lm_head.weight', vocabSize, width);

  return {
    config,
    weights: table.weights,
    linearLayout: 'out-in',
    unembedding: tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight',
    head: 'lm_head.weight',
    prefix: 'model.',
    isExtra: () => false,

    hidden(tokens, { weight, linear, attend, selectPositions, block }) {
      const [packedRows, length] = tokens.ids.shape;
      const norm = (x: tf.Tensor2D, name: string) => rmsNorm(x, weight(`${name}.weight`), epsilon);

      // Recomputation repeats a layer alone, so each layer computes its rotation itself.
      const compute = (i: number, x: tf.Tensor2D): tf.Tensor2D => {
        const turn = rotation(tokens, rotary);
        const attention = `${layer(i)}.self_attn`;
        const project = (part: 'q' | 'k' | 'v') => linear(x, `${attention}.${part}_proj`); // [B·T, heads · headSize]
        const turned = (part: 'q' | 'k', count: number) =>
          rotate(splitHeads(norm(project(part), `${attention}.${part}_norm`), packedRows, length, count), turn);
        const q = turned('q', heads); // [B, H, T, headSize]
        const k = turned('k', keyValueHeads); // [B, KV, T, headSize]
        const v = splitHeads(project('v'), packedRows, length, keyValueHeads); // [B, KV, T, headSize]
        const attended = linear(selectPositions(i, joinHeads(attend(i, q, k, v))), `${attention}.o_proj`);
        const after = tf.add<tf.Tensor2D>(
          selectPositions(i, x),
          norm(attended, `${layer(i)}.post_attention_layernorm`),
        );

        const gated = siluTimes(linear(after, `${layer(i)}.mlp.gate_proj`), linear(after, `${layer(i)}.mlp.up_proj`));
        return tf.add(
          after,
          norm(linear(gated, `${layer(i)}.mlp.down_proj`), `${layer(i)}.post_feedforward_layernorm`),
        );
      };

      let x = tf.gather(
        weight('model.embed_tokens.weight'),
        tf.reshape(tokens.ids, [packedRows * length]),
      ) as tf.Tensor2D; // [B·T, D]
      for (let i = 0; i < layers; i++) x = block(compute, i, x);
      return x;
    },

    finalNorm: (states, { weight }) => rmsNorm(states, weight('model.norm.weight'), epsilon),
  };
}
