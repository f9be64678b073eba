import * as tf from '@tensorflow/tfjs-core';
import { siluTimes } from '../blocks/activations.js';
import { joinHeads, splitHeads } from '../blocks/attention.js';
import { rmsNorm } from '../blocks/rms-norm.js';
import { rotate, rotation } from '../blocks/rotary.js';
import type { RotarySettings } from '../blocks/rotary-frequencies.js';
import { weightTable } from './_weights.js';
import { ConfigReader } from './config-reader.js';
import { rotaryOf, rotaryParameters, stretched } from './read-rotary.js';
import type { Decoder, ModelConfig } from './types.js';

/**
 * Phi-3 and Phi-4 (arXiv 2404.14219, 2412.08905): Llama with one projection for queries, keys and values, and one for the two
 * factors of the MLP. Some of the models have rotary positions on a part of each head, some have a sliding window. Linear layers
 * are stored [out, in].
 */
export function phi3(settings: ConfigReader): Decoder {
  const width = settings.count('hidden_size', 3072);
  const inner = settings.count('intermediate_size', 8192);
  const layers = settings.count('num_hidden_layers', 32);
  const heads = settings.count('num_attention_heads', 32);
  const keyValueHeads = settings.count('num_key_value_heads', heads);
  const headSize = settings.count('head_dim', width / heads);
  const vocabSize = settings.count('vocab_size', 32064);
  const epsilon = settings.positive('rms_norm_eps', 1e-5);
  const tiedHead = settings.flag('tie_word_embeddings', false);
  const window = settings.optionalCount('sliding_window');
  const unstretched = settings.count('max_position_embeddings', 4096);
  const rotary = readPartialRotary(settings, headSize, unstretched);
  settings.choice('hidden_act', ['silu', 'swish'], 'silu');
  settings.multiple('num_attention_heads', 'num_key_value_heads');

  const config: ModelConfig = {
    modelType: 'phi3',
    width,
    layers,
    heads,
    keyValueHeads,
    headSize,
    vocabSize,
    maxPositions: stretched(unstretched, rotary),
    tiedHead,
    raw: settings.raw,
  };

  const layer = (i: number) => `model.layers.${i}`;
  const sizes = [heads * headSize, keyValueHeads * headSize, keyValueHeads * headSize];
  const table = weightTable('out-in', settings.positive('initializer_range', 0.02));
  table.embedding('model.embed_tokens.weight', vocabSize, width);
  for (let i = 0; i < layers; i++) {
    const own = table.ofLayer(i);
    own.linear(`${layer(i)}.self_attn.o_proj`, heads * headSize, width);
    own.linear(`${layer(i)}.self_attn.qkv_proj`, width, (heads + 2 * keyValueHeads) * headSize);
    own.linear(`${layer(i)}.mlp.gate_up_proj`, width, 2 * inner);
    own.linear(`${layer(i)}.mlp.down_proj`, inner, width);
    own.vector(`${layer(i)}.input_layernorm.weight`, width, 1);
    own.vector(`${layer(i)}.post_attention_layernorm.weight`, width, 1);
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

    hidden(tokens, { weight, linear, addLinear, attend, selectPositions, block }) {
      const [packedRows, length] = tokens.ids.shape;
      const norm = (x: tf.Tensor2D, name: string) => rmsNorm(x, weight(`${name}.weight`), epsilon);

      // Recomputation repeats a layer alone, so each layer computes its rotation itself.
      const compute = (i: number, x: tf.Tensor2D): tf.Tensor2D => {
        const turn = rotation(tokens, rotary);
        const qkv = linear(norm(x, `${layer(i)}.input_layernorm`), `${layer(i)}.self_attn.qkv_proj`);
        const [q, k, v] = tf
          .split(qkv, sizes, 1)
          .map((part, at) => splitHeads(part as tf.Tensor2D, packedRows, length, at === 0 ? heads : keyValueHeads)) as [
          tf.Tensor4D,
          tf.Tensor4D,
          tf.Tensor4D,
        ]; // [B, H, T, headSize], [B, KV, T, headSize] twice
        const attended = selectPositions(i, joinHeads(attend(i, rotate(q, turn), rotate(k, turn), v, { window })));
        const after = addLinear(selectPositions(i, x), attended, `${layer(i)}.self_attn.o_proj`);

        const both = linear(norm(after, `${layer(i)}.post_attention_layernorm`), `${layer(i)}.mlp.gate_up_proj`);
        const [gate, up] = tf.split(both, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
        return addLinear(after, siluTimes(gate, up), `${layer(i)}.mlp.down_proj`);
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

/**
 * The settings of `rotaryParameters`, where the types "su" and "yarn" mean longrope. For settings that are missing there,
 * `rope_theta`, `partial_rotary_factor` and `original_max_position_embeddings` of the configuration count.
 */
function readPartialRotary(settings: ConfigReader, headSize: number, maxPositions: number): RotarySettings {
  const original = rotaryParameters(settings);
  const type = original?.raw.rope_type ?? original?.raw.type;
  const parameters =
    original &&
    new ConfigReader(
      {
        original_max_position_embeddings: settings.count('original_max_position_embeddings', 4096),
        ...original.raw,
        rope_type: type === 'su' || type === 'yarn' ? 'longrope' : type,
      },
      original.path,
    );
  const part = settings.positive('partial_rotary_factor', 1);
  const size = Math.trunc(headSize * (parameters?.positive('partial_rotary_factor', part) ?? part));
  return rotaryOf(settings, parameters, size, maxPositions, settings.positive('rope_theta', 10000));
}
