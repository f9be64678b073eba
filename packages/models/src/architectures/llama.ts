import * as tf from '@tensorflow/tfjs-core';
import { siluTimes } from '../blocks/activations.js';
import { joinHeads, splitHeads } from '../blocks/attention.js';
import { rmsNorm } from '../blocks/rms-norm.js';
import { rotate, rotation } from '../blocks/rotary.js';
import type { ConfigReader } from './config-reader.js';
import { readRotary } from './read-rotary.js';
import type { Decoder, ModelConfig, WeightSpec } from './types.js';

/**
 * Llama (arXiv 2302.13971; grouped-query attention arXiv 2307.09288): rotary positions, RMS norms before attention and
 * MLP, SwiGLU. Linear layers are stored [out, in].
 */
export function llama(settings: ConfigReader): Decoder {
  const width = settings.count('hidden_size', 4096);
  const inner = settings.count('intermediate_size', 11008);
  const layers = settings.count('num_hidden_layers', 32);
  const heads = settings.count('num_attention_heads', 32);
  const keyValueHeads = settings.count('num_key_value_heads', heads);
  const headSize = settings.count('head_dim', width / heads);
  const vocabSize = settings.count('vocab_size', 32000);
  const epsilon = settings.positive('rms_norm_eps', 1e-6);
  const tiedHead = settings.flag('tie_word_embeddings', false);
  const attentionBias = settings.flag('attention_bias', false);
  const mlpBias = settings.flag('mlp_bias', false);
  const deviation = settings.positive('initializer_range', 0.02);
  const maxPositions = settings.count('max_position_embeddings', 2048);
  const rotary = readRotary(settings, headSize, maxPositions);
  settings.choice('hidden_act', ['silu', 'swish'], 'silu');
  settings.multiple('num_attention_heads', 'num_key_value_heads');

  const config: ModelConfig = {
    modelType: 'llama',
    width,
    layers,
    heads,
    keyValueHeads,
    headSize,
    vocabSize,
    maxPositions,
    tiedHead,
    raw: settings.raw,
  };

  const weights = new Map<string, WeightSpec>();
  const vector = (name: string, size: number, value: number) =>
    weights.set(name, { shape: [size], kind: 'vector', initial: { value } });
  const linear = (name: string, from: number, to: number, bias: boolean) => {
    weights.set(`${name}.weight`, { shape: [to, from], kind: 'linear', initial: { deviation } });
    if (bias) vector(`${name}.bias`, to, 0);
  };
  const embedding = (name: string) =>
    weights.set(name, { shape: [vocabSize, width], kind: 'embedding', initial: { deviation } });
  const layer = (i: number) => `model.layers.${i}`;

  embedding('model.embed_tokens.weight');
  for (let i = 0; i < layers; i++) {
    vector(`${layer(i)}.input_layernorm.weight`, width, 1);
    linear(`${layer(i)}.self_attn.q_proj`, width, heads * headSize, attentionBias);
    linear(`${layer(i)}.self_attn.k_proj`, width, keyValueHeads * headSize, attentionBias);
    linear(`${layer(i)}.self_attn.v_proj`, width, keyValueHeads * headSize, attentionBias);
    linear(`${layer(i)}.self_attn.o_proj`, heads * headSize, width, attentionBias);
    vector(`${layer(i)}.post_attention_layernorm.weight`, width, 1);
    linear(`${layer(i)}.mlp.gate_proj`, width, inner, mlpBias);
    linear(`${layer(i)}.mlp.up_proj`, width, inner, mlpBias);
    linear(`${layer(i)}.mlp.down_proj`, inner, width, mlpBias);
  }
  vector('model.norm.weight', width, 1);
  if (!tiedHead) embedding('lm_head.weight');

  return {
    config,
    weights,
    linearLayout: 'out-in',
    unembedding: tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight',
    prefix: 'model.',
    isExtra: (name) => name.endsWith('rotary_emb.inv_freq') || (tiedHead && name === 'lm_head.weight'),

    hidden({ ids, positions }, { weight, linear, attend, needed }) {
      const [rows, length] = ids.shape;
      const turn = rotation(positions, rotary);
      const norm = (x: tf.Tensor2D, name: string) => rmsNorm(x, weight(`${name}.weight`), epsilon);

      let x = tf.gather(weight('model.embed_tokens.weight'), tf.reshape(ids, [rows * length])) as tf.Tensor2D; // [B·T, D]
      for (let i = 0; i < layers; i++) {
        const project = (h: tf.Tensor2D, name: string, count: number) =>
          splitHeads(linear(h, `${layer(i)}.self_attn.${name}`), rows, length, count);
        const h = norm(x, `${layer(i)}.input_layernorm`);
        const q = rotate(project(h, 'q_proj', heads), turn); // [B, H, T, headSize]
        const k = rotate(project(h, 'k_proj', keyValueHeads), turn); // [B, KV, T, headSize]
        const v = project(h, 'v_proj', keyValueHeads); // [B, KV, T, headSize]
        const attended = needed(i, joinHeads(attend(i, q, k, v)));
        x = tf.add(needed(i, x), linear(attended, `${layer(i)}.self_attn.o_proj`));

        const m = norm(x, `${layer(i)}.post_attention_layernorm`);
        const gated = siluTimes(linear(m, `${layer(i)}.mlp.gate_proj`), linear(m, `${layer(i)}.mlp.up_proj`));
        x = tf.add(x, linear(gated, `${layer(i)}.mlp.down_proj`));
      }
      return x;
    },

    finalNorm: (rows, { weight }) => rmsNorm(rows, weight('model.norm.weight'), epsilon),
  };
}
