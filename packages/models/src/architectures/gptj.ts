import * as tf from '@tensorflow/tfjs-core';
import { gelus } from '../blocks/activations.js';
import { joinHeads, splitHeads } from '../blocks/attention.js';
import { layerNorm } from '../blocks/layer-norm.js';
import { rotate, rotation } from '../blocks/rotary.js';
import type { RotarySettings } from '../blocks/rotary-frequencies.js';
import { weightTable } from './_weights.js';
import type { ConfigReader } from './config-reader.js';
import type { Decoder, ModelConfig } from './types.js';

/**
 * GPT-J (Wang and Komatsuzaki 2021, "GPT-J-6B: A 6 Billion Parameter Autoregressive Language Model"): rotary positions on
 * the first dimensions of each head, where neighbours turn together, and attention and MLP in parallel behind one layer norm:
 *
 *     x + attention(norm(x)) + mlp(norm(x))
 *
 * The unembedding has a bias. Linear layers are stored [out, in].
 */
export function gptj(settings: ConfigReader): Decoder {
  const width = settings.count('n_embd', 4096);
  const heads = settings.count('n_head', 16);
  const inner = settings.count('n_inner', 4 * width);
  const layers = settings.count('n_layer', 28);
  const maxPositions = settings.count('n_positions', 2048);
  const vocabSize = settings.count('vocab_size', 50400);
  const epsilon = settings.positive('layer_norm_epsilon', 1e-5);
  const tiedHead = settings.flag('tie_word_embeddings', false);
  const rotary: RotarySettings = { theta: 10000, size: settings.count('rotary_dim', 64), pairs: 'neighbours' };
  const activation =
    gelus[settings.choice('activation_function', ['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'gelu'], 'gelu_new')];
  settings.multiple('n_embd', 'n_head');

  const headSize = width / heads;
  if (rotary.size % 2 !== 0 || rotary.size > headSize)
    throw settings.unsupported('rotary_dim', rotary.size, `an even number up to the head's size, ${headSize}`);
  const config: ModelConfig = {
    modelType: 'gptj',
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
  const table = weightTable('out-in', settings.positive('initializer_range', 0.02));
  table.embedding('transformer.wte.weight', vocabSize, width);
  for (let i = 0; i < layers; i++) {
    const own = table.ofLayer(i);
    own.layerNorm(`${layer(i)}.ln_1`, width);
    for (const part of ['k', 'v', 'q', 'out']) own.linear(`${layer(i)}.attn.${part}_proj`, width, width);
    own.linear(`${layer(i)}.mlp.fc_in`, width, inner, { bias: true });
    own.linear(`${layer(i)}.mlp.fc_out`, inner, width, { bias: true });
  }
  table.layerNorm('transformer.ln_f', width);
  if (!tiedHead) table.embedding('lm_head.weight', vocabSize, width);
  table.vector('lm_head.bias', vocabSize, 0);

  return {
    config,
    weights: table.weights,
    linearLayout: 'out-in',
    unembedding: tiedHead ? 'transformer.wte.weight' : 'lm_head.weight',
    head: 'lm_head.weight',
    logitBias: 'lm_head.bias',
    prefix: 'transformer.',
    // Causal masks, which older versions of transformers saved.
    isExtra: (name) => /(^|\.)h\.\d+\.attn\.(bias|masked_bias)$/.test(name),

    hidden(tokens, { weight, linear, addLinear, attend, selectPositions, block }) {
      const [packedRows, length] = tokens.ids.shape;

      // Recomputation repeats a layer alone, so each layer computes its rotation itself.
      const compute = (i: number, x: tf.Tensor2D): tf.Tensor2D => {
        const turn = rotation(tokens, rotary);
        const h = layerNorm(x, weight(`${layer(i)}.ln_1.weight`), weight(`${layer(i)}.ln_1.bias`), epsilon);
        const project = (part: 'q' | 'k' | 'v') =>
          splitHeads(linear(h, `${layer(i)}.attn.${part}_proj`), packedRows, length, heads); // [B, H, T, headSize]
        const attended = selectPositions(
          i,
          joinHeads(attend(i, rotate(project('q'), turn), rotate(project('k'), turn), project('v'))),
        );
        const up = linear(selectPositions(i, h), `${layer(i)}.mlp.fc_in`, activation); // [B·T, inner]
        const after = addLinear(selectPositions(i, x), attended, `${layer(i)}.attn.out_proj`);
        return addLinear(after, up, `${layer(i)}.mlp.fc_out`);
      };

      let x = tf.gather(weight('transformer.wte.weight'), tf.reshape(tokens.ids, [packedRows * length])) as tf.Tensor2D; // [B·T, D]
      for (let i = 0; i < layers; i++) x = block(compute, i, x);
      return x;
    },

    finalNorm: (states, { weight }) =>
      layerNorm(states, weight('transformer.ln_f.weight'), weight('transformer.ln_f.bias'), epsilon),
  };
}
