import * as tf from '@tensorflow/tfjs-core';
import { gelus } from '../blocks/activations.js';
import { joinHeads } from '../blocks/attention.js';
import { layerNorm } from '../blocks/layer-norm.js';
import { rotate, rotation } from '../blocks/rotary.js';
import type { RotarySettings } from '../blocks/rotary-frequencies.js';
import { weightTable } from './_weights.js';
import type { ConfigReader } from './config-reader.js';
import { rotaryOf, rotaryParameters, stretched } from './read-rotary.js';
import type { Decoder, ModelConfig } from './types.js';

/**
 * GPT-NeoX (arXiv 2204.06745) and Pythia (arXiv 2304.01373): rotary positions on a part of each head, one projection for
 * queries, keys and values, and a residual to which attention and MLP add in parallel, each with its own layer norm:
 *
 *     x + attention(norm₁(x)) + mlp(norm₂(x))
 *
 * In some models the MLP comes after attention, as in GPT-2. Linear layers are stored [out, in].
 */
export function gptNeox(settings: ConfigReader): Decoder {
  const width = settings.count('hidden_size', 6144);
  const inner = settings.count('intermediate_size', 24576);
  const layers = settings.count('num_hidden_layers', 44);
  const heads = settings.count('num_attention_heads', 64);
  const vocabSize = settings.count('vocab_size', 50432);
  const unstretched = settings.count('max_position_embeddings', 2048);
  const epsilon = settings.positive('layer_norm_eps', 1e-5);
  const tiedHead = settings.flag('tie_word_embeddings', false);
  const parallel = settings.flag('use_parallel_residual', true);
  const attention = { bias: settings.flag('attention_bias', true) };
  const activation =
    gelus[settings.choice('hidden_act', ['gelu', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh'], 'gelu')];
  settings.multiple('hidden_size', 'num_attention_heads');

  const headSize = width / heads;
  const rotary = readPartialRotary(settings, headSize, unstretched);
  const config: ModelConfig = {
    modelType: 'gpt_neox',
    width,
    layers,
    heads,
    keyValueHeads: heads,
    headSize,
    vocabSize,
    maxPositions: stretched(unstretched, rotary),
    tiedHead,
    raw: settings.raw,
  };

  const layer = (i: number) => `gpt_neox.layers.${i}`;
  const table = weightTable('out-in', settings.positive('initializer_range', 0.02));
  table.embedding('gpt_neox.embed_in.weight', vocabSize, width);
  for (let i = 0; i < layers; i++) {
    const own = table.ofLayer(i);
    own.layerNorm(`${layer(i)}.input_layernorm`, width);
    own.layerNorm(`${layer(i)}.post_attention_layernorm`, width);
    own.linear(`${layer(i)}.attention.query_key_value`, width, 3 * width, attention);
    own.linear(`${layer(i)}.attention.dense`, width, width, attention);
    own.linear(`${layer(i)}.mlp.dense_h_to_4h`, width, inner, { bias: true });
    own.linear(`${layer(i)}.mlp.dense_4h_to_h`, inner, width, { bias: true });
  }
  table.layerNorm('gpt_neox.final_layer_norm', width);
  if (!tiedHead) table.embedding('embed_out.weight', vocabSize, width);

  return {
    config,
    weights: table.weights,
    linearLayout: 'out-in',
    unembedding: tiedHead ? 'gpt_neox.embed_in.weight' : 'embed_out.weight',
    head: 'embed_out.weight',
    // transformers calls the module so since version 5, and so does its `state_dict`.
    headAliases: ['lm_head.weight'],
    headInModel: 'lm_head.weight',
    prefix: 'gpt_neox.',
    // Causal masks, which older versions of transformers saved.
    isExtra: (name) => /\.attention\.(bias|masked_bias)$/.test(name),

    hidden(tokens, { weight, linear, addLinear, attend, selectPositions, block }) {
      const [packedRows, length] = tokens.ids.shape;
      const norm = (x: tf.Tensor2D, name: string) =>
        layerNorm(x, weight(`${name}.weight`), weight(`${name}.bias`), epsilon);
      const up = (x: tf.Tensor2D, i: number) =>
        linear(norm(x, `${layer(i)}.post_attention_layernorm`), `${layer(i)}.mlp.dense_h_to_4h`, activation); // [B·T, inner]

      // Recomputation repeats a layer alone, so each layer computes its rotation itself.
      const compute = (i: number, x: tf.Tensor2D): tf.Tensor2D => {
        const turn = rotation(tokens, rotary);
        const h = norm(x, `${layer(i)}.input_layernorm`);
        const qkv = linear(h, `${layer(i)}.attention.query_key_value`); // [B·T, 3·D]: q, k and v of the first head, then of the next
        const byPart = tf.transpose(tf.reshape(qkv, [packedRows, length, heads, 3, headSize]), [3, 0, 2, 1, 4]);
        const [q, k, v] = tf
          .split(byPart, 3, 0)
          .map((part) => tf.reshape(part, [packedRows, heads, length, headSize])) as [
          tf.Tensor4D,
          tf.Tensor4D,
          tf.Tensor4D,
        ];
        const attended = selectPositions(i, joinHeads(attend(i, rotate(q, turn), rotate(k, turn), v)));
        const residual = selectPositions(i, x);
        const after = addLinear(residual, attended, `${layer(i)}.attention.dense`);
        return addLinear(after, up(parallel ? residual : after, i), `${layer(i)}.mlp.dense_4h_to_h`);
      };

      let x = tf.gather(
        weight('gpt_neox.embed_in.weight'),
        tf.reshape(tokens.ids, [packedRows * length]),
      ) as tf.Tensor2D; // [B·T, D]
      for (let i = 0; i < layers; i++) x = block(compute, i, x);
      return x;
    },

    finalNorm: (states, { weight }) =>
      layerNorm(states, weight('gpt_neox.final_layer_norm.weight'), weight('gpt_neox.final_layer_norm.bias'), epsilon),
  };
}

/** The settings of `rotaryParameters`. For settings that are missing there, `rotary_emb_base` and `rotary_pct` count. */
function readPartialRotary(settings: ConfigReader, headSize: number, maxPositions: number): RotarySettings {
  const parameters = rotaryParameters(settings);
  const part = settings.positive('rotary_pct', 0.25);
  const size = Math.trunc(headSize * (parameters?.positive('partial_rotary_factor', part) ?? part));
  return rotaryOf(settings, parameters, size, maxPositions, settings.positive('rotary_emb_base', 10000));
}
