import * as tf from '@tensorflow/tfjs-core';
import { gelus } from '../blocks/activations.js';
import { joinHeads } from '../blocks/attention.js';
import { layerNorm } from '../blocks/layer-norm.js';
import { weightTable } from './_weights.js';
import type { ConfigReader } from './config-reader.js';
import type { Decoder, ModelConfig } from './types.js';

/**
 * GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): learned positions, layer norms
 * before attention and MLP, one projection for queries, keys and values, GELU. Linear layers are stored [in, out].
 */
export function gpt2(settings: ConfigReader): Decoder {
  const width = settings.count('n_embd', 768);
  const heads = settings.count('n_head', 12);
  const inner = settings.count('n_inner', 4 * width);
  const layers = settings.count('n_layer', 12);
  const maxPositions = settings.count('n_positions', 1024);
  const vocabSize = settings.count('vocab_size', 50257);
  const epsilon = settings.positive('layer_norm_epsilon', 1e-5);
  const tiedHead = settings.flag('tie_word_embeddings', true);
  const deviation = settings.positive('initializer_range', 0.02);
  const activation =
    gelus[settings.choice('activation_function', ['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'gelu'], 'gelu_new')];
  settings.multiple('n_embd', 'n_head');
  // These two change the scale of attention scores. `reorder_and_upcast_attn` changes no value.
  if (!settings.flag('scale_attn_weights', true)) throw settings.unsupported('scale_attn_weights', false, 'true');
  if (settings.flag('scale_attn_by_inverse_layer_idx', false))
    throw settings.unsupported('scale_attn_by_inverse_layer_idx', true, 'false');
  if (settings.flag('add_cross_attention', false)) throw settings.unsupported('add_cross_attention', true, 'false');

  const headSize = width / heads;
  const config: ModelConfig = {
    modelType: 'gpt2',
    width,
    layers,
    heads,
    keyValueHeads: heads,
    headSize,
    vocabSize,
    maxPositions,
    tiedHead,
    raw: settings.raw,
  };

  const layer = (i: number) => `transformer.h.${i}`;
  const table = weightTable('in-out', deviation);
  // Layers that add to the residual stream begin smaller: there are two such additions to a layer.
  const residual = { bias: true, deviation: deviation / Math.sqrt(2 * layers) };
  table.embedding('transformer.wte.weight', vocabSize, width);
  table.embedding('transformer.wpe.weight', maxPositions, width);
  for (let i = 0; i < layers; i++) {
    const own = table.ofLayer(i);
    own.layerNorm(`${layer(i)}.ln_1`, width);
    own.linear(`${layer(i)}.attn.c_attn`, width, 3 * width, { bias: true });
    own.linear(`${layer(i)}.attn.c_proj`, width, width, residual);
    own.layerNorm(`${layer(i)}.ln_2`, width);
    own.linear(`${layer(i)}.mlp.c_fc`, width, inner, { bias: true });
    own.linear(`${layer(i)}.mlp.c_proj`, inner, width, residual);
  }
  table.layerNorm('transformer.ln_f', width);
  if (!tiedHead) table.embedding('lm_head.weight', vocabSize, width);

  return {
    config,
    weights: table.weights,
    linearLayout: 'in-out',
    unembedding: tiedHead ? 'transformer.wte.weight' : 'lm_head.weight',
    head: 'lm_head.weight',
    prefix: 'transformer.',
    // Causal masks, which older versions of transformers saved.
    isExtra: (name) => /(^|\.)h\.\d+\.attn\.(bias|masked_bias)$/.test(name),

    hidden({ ids, positions }, { weight, linear, addLinear, attend, selectPositions, block }) {
      const [packedRows, length] = ids.shape;
      const places = packedRows * length;
      const norm = (x: tf.Tensor2D, name: string) =>
        layerNorm(x, weight(`${name}.weight`), weight(`${name}.bias`), epsilon);

      const compute = (i: number, x: tf.Tensor2D): tf.Tensor2D => {
        const qkv = linear(norm(x, `${layer(i)}.ln_1`), `${layer(i)}.attn.c_attn`); // [B·T, 3·D]
        // One transposition serves all three, and leaves each of them contiguous.
        const byPart = tf.transpose(tf.reshape(qkv, [packedRows, length, 3, heads, headSize]), [2, 0, 3, 1, 4]);
        const [q, k, v] = tf
          .split(byPart, 3, 0)
          .map((part) => tf.reshape(part, [packedRows, heads, length, headSize])) as [
          tf.Tensor4D,
          tf.Tensor4D,
          tf.Tensor4D,
        ];
        const attended = selectPositions(i, joinHeads(attend(i, q, k, v)));
        const after = addLinear(selectPositions(i, x), attended, `${layer(i)}.attn.c_proj`);

        const up = linear(norm(after, `${layer(i)}.ln_2`), `${layer(i)}.mlp.c_fc`, activation); // [B·T, inner]
        return addLinear(after, up, `${layer(i)}.mlp.c_proj`);
      };

      let x = tf.add<tf.Tensor2D>(
        tf.gather(weight('transformer.wte.weight'), tf.reshape(ids, [places])),
        tf.gather(weight('transformer.wpe.weight'), tf.reshape(positions, [places])),
      ); // [B·T, D]
      for (let i = 0; i < layers; i++) x = block(compute, i, x);
      return x;
    },

    finalNorm: (states, { weight }) =>
      layerNorm(states, weight('transformer.ln_f.weight'), weight('transformer.ln_f.bias'), epsilon),
  };
}
