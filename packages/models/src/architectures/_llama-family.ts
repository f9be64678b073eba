import * as tf from '@tensorflow/tfjs-core';
import { siluTimes } from '../blocks/activations.js';
import { joinHeads, splitHeads } from '../blocks/attention.js';
import { rmsNorm, rmsNormOfHeads } from '../blocks/rms-norm.js';
import { rotate, rotation } from '../blocks/rotary.js';
import { weightTable } from './_weights.js';
import type { ConfigReader } from './config-reader.js';
import { readRotary, stretched } from './read-rotary.js';
import type { Decoder, ModelConfig } from './types.js';

/** How the models that follow Llama differ from each other. */
export interface LlamaVariant {
  readonly modelType: string;
  /** Values of settings that a configuration leaves out. */
  readonly defaults: {
    readonly width: number;
    readonly inner: number;
    readonly layers: number;
    readonly heads: number;
    /** Default: as many as query heads. */
    readonly keyValueHeads?: number;
    /** Default width / heads. */
    readonly headSize?: number;
    readonly vocabSize: number;
    readonly maxPositions: number;
    /** Default false. */
    readonly tiedHead?: boolean;
    /** Base of the rotary wavelengths. Default 10000. */
    readonly theta?: number;
  };
  /** Which linear layers have biases: queries, keys and values; attention's output; the three layers of the MLP. Default none. */
  readonly biases?: { readonly qkv?: boolean; readonly output?: boolean; readonly mlp?: boolean };
  /** Whether each head's queries and keys have an RMS norm before they are rotated. Default false. */
  readonly headNorms?: boolean;
  /** Which layers turn queries and keys by their positions. Default all. */
  readonly rotates?: (layers: number) => readonly boolean[];
  /** How many positions a position of each layer sees, its own included; undefined for all. Default all. */
  readonly windows?: (layers: number) => readonly (number | undefined)[];
}

/**
 * The decoder of Llama and its followers: rotary positions, RMS norms before attention and MLP, grouped-query attention,
 * SwiGLU. Linear layers are stored [out, in].
 *
 * @throws {DpoError} `model.bad-config`, `model.unsupported-config`.
 */
export function llamaFamily(settings: ConfigReader, variant: LlamaVariant): Decoder {
  const { modelType, defaults, biases = {}, headNorms = false } = variant;
  const width = settings.count('hidden_size', defaults.width);
  const inner = settings.count('intermediate_size', defaults.inner);
  const layers = settings.count('num_hidden_layers', defaults.layers);
  const heads = settings.count('num_attention_heads', defaults.heads);
  const keyValueHeads = settings.count('num_key_value_heads', defaults.keyValueHeads ?? heads);
  const headSize = settings.count('head_dim', defaults.headSize ?? width / heads);
  const vocabSize = settings.count('vocab_size', defaults.vocabSize);
  const epsilon = settings.positive('rms_norm_eps', 1e-6);
  const tiedHead = settings.flag('tie_word_embeddings', defaults.tiedHead ?? false);
  const maxPositions = settings.count('max_position_embeddings', defaults.maxPositions);
  const rotary = readRotary(settings, headSize, maxPositions, defaults.theta);
  const windows = variant.windows?.(layers) ?? [];
  const rotates = variant.rotates?.(layers) ?? [];
  settings.choice('hidden_act', ['silu', 'swish'], 'silu');
  settings.multiple('num_attention_heads', 'num_key_value_heads');

  const config: ModelConfig = {
    modelType,
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
    const [attention, mlp] = [`${layer(i)}.self_attn`, `${layer(i)}.mlp`];
    const [qkv, output, ofMlp] = [
      { bias: biases.qkv ?? false },
      { bias: biases.output ?? false },
      { bias: biases.mlp ?? false },
    ];
    own.vector(`${layer(i)}.input_layernorm.weight`, width, 1);
    own.linear(`${attention}.q_proj`, width, heads * headSize, qkv);
    own.linear(`${attention}.k_proj`, width, keyValueHeads * headSize, qkv);
    own.linear(`${attention}.v_proj`, width, keyValueHeads * headSize, qkv);
    own.linear(`${attention}.o_proj`, heads * headSize, width, output);
    if (headNorms) for (const part of ['q', 'k']) own.vector(`${attention}.${part}_norm.weight`, headSize, 1);
    own.vector(`${layer(i)}.post_attention_layernorm.weight`, width, 1);
    own.linear(`${mlp}.gate_proj`, width, inner, ofMlp);
    own.linear(`${mlp}.up_proj`, width, inner, ofMlp);
    own.linear(`${mlp}.down_proj`, inner, width, ofMlp);
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
        const attention = `${layer(i)}.self_attn`;
        const project = (h: tf.Tensor2D, part: 'q' | 'k' | 'v', count: number) =>
          splitHeads(linear(h, `${attention}.${part}_proj`), packedRows, length, count);
        const normed = (q: tf.Tensor4D, part: 'q' | 'k') =>
          headNorms ? rmsNormOfHeads(q, weight(`${attention}.${part}_norm.weight`), epsilon) : q;
        const h = norm(x, `${layer(i)}.input_layernorm`);
        const turned = (q: tf.Tensor4D) => (rotates[i] === false ? q : rotate(q, turn));
        const q = turned(normed(project(h, 'q', heads), 'q')); // [B, H, T, headSize]
        const k = turned(normed(project(h, 'k', keyValueHeads), 'k')); // [B, KV, T, headSize]
        const v = project(h, 'v', keyValueHeads); // [B, KV, T, headSize]
        const attended = selectPositions(i, joinHeads(attend(i, q, k, v, { window: windows[i] })));
        const after = addLinear(selectPositions(i, x), attended, `${attention}.o_proj`);

        const m = norm(after, `${layer(i)}.post_attention_layernorm`);
        const gated = siluTimes(linear(m, `${layer(i)}.mlp.gate_proj`), linear(m, `${layer(i)}.mlp.up_proj`));
        return addLinear(after, gated, `${layer(i)}.mlp.down_proj`);
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
