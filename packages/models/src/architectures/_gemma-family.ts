import * as tf from '@tensorflow/tfjs-core';
import { activationTimes, gelus } from '../blocks/activations.js';
import { joinHeads, splitHeads } from '../blocks/attention.js';
import { rmsNorm, rmsNormOfHeads } from '../blocks/rms-norm.js';
import { rotate, rotation } from '../blocks/rotary.js';
import type { RotarySettings } from '../blocks/rotary-frequencies.js';
import { layerWindows } from './_layer-windows.js';
import { weightTable } from './_weights.js';
import type { ConfigReader } from './config-reader.js';
import { stretched } from './read-rotary.js';
import type { Decoder, ModelConfig } from './types.js';

/** How the generations of Gemma differ from each other. */
export interface GemmaVariant {
  readonly modelType: string;
  /** Values of settings that a configuration leaves out. */
  readonly defaults: { readonly vocabSize: number; readonly maxPositions: number };
  /** RMS norms of each head's queries and keys, before they are rotated. */
  readonly headNorms: boolean;
  /** Which layers have a window when the configuration has no `layer_types`. */
  readonly slides: (layer: number) => boolean;
  /** The rotary positions of layers that see everything (`full`), and of layers with a window (`sliding`). */
  readonly rotary: (
    headSize: number,
    maxPositions: number,
  ) => { readonly full: RotarySettings; readonly sliding: RotarySettings };
  /** The bound of attention scores: cap · tanh(score / cap). */
  readonly scoreCap: number | undefined;
  /** The bound of logits: cap · tanh(logit / cap). */
  readonly logitCap: number | undefined;
}

/**
 * The decoder of Gemma 2 and its followers: embeddings times √D, RMS norms before and after attention and MLP (their scale is
 * 1 + weight), layers that alternate between sliding windows and all positions, a gated GELU, attention scores scaled by a
 * setting of its own. Linear layers are stored [out, in].
 *
 * @throws {DpoError} `model.bad-config`, `model.unsupported-config`.
 */
export function gemmaFamily(settings: ConfigReader, variant: GemmaVariant): Decoder {
  const { modelType, defaults, headNorms, scoreCap } = variant;
  const width = settings.count('hidden_size', 2304);
  const inner = settings.count('intermediate_size', 9216);
  const layers = settings.count('num_hidden_layers', 26);
  const heads = settings.count('num_attention_heads', 8);
  const keyValueHeads = settings.count('num_key_value_heads', 4);
  const headSize = settings.count('head_dim', 256);
  const vocabSize = settings.count('vocab_size', defaults.vocabSize);
  const epsilon = settings.positive('rms_norm_eps', 1e-6);
  const tiedHead = settings.flag('tie_word_embeddings', true);
  const scale = settings.positive('query_pre_attn_scalar', 256) ** -0.5;
  const attentionBias = { bias: settings.flag('attention_bias', false) };
  const maxPositions = settings.count('max_position_embeddings', defaults.maxPositions);
  const windows = layerWindows(settings, layers, settings.optionalCount('sliding_window', 4096), variant.slides);
  const rotary = variant.rotary(headSize, maxPositions);
  const activation =
    gelus[settings.choice('hidden_activation', ['gelu_pytorch_tanh', 'gelu_new', 'gelu'], 'gelu_pytorch_tanh')];
  settings.multiple('num_attention_heads', 'num_key_value_heads');
  if (settings.flag('use_bidirectional_attention', false))
    throw settings.unsupported('use_bidirectional_attention', true, 'false');

  const config: ModelConfig = {
    modelType,
    width,
    layers,
    heads,
    keyValueHeads,
    headSize,
    vocabSize,
    maxPositions: stretched(maxPositions, rotary.full),
    tiedHead,
    raw: settings.raw,
  };

  const layer = (i: number) => `model.layers.${i}`;
  const table = weightTable('out-in', settings.positive('initializer_range', 0.02));
  table.embedding('model.embed_tokens.weight', vocabSize, width);
  for (let i = 0; i < layers; i++) {
    const own = table.ofLayer(i);
    const attention = `${layer(i)}.self_attn`;
    own.linear(`${attention}.q_proj`, width, heads * headSize, attentionBias);
    own.linear(`${attention}.k_proj`, width, keyValueHeads * headSize, attentionBias);
    own.linear(`${attention}.v_proj`, width, keyValueHeads * headSize, attentionBias);
    own.linear(`${attention}.o_proj`, heads * headSize, width, attentionBias);
    if (headNorms) for (const part of ['q', 'k']) own.vector(`${attention}.${part}_norm.weight`, headSize, 0);
    own.linear(`${layer(i)}.mlp.gate_proj`, width, inner);
    own.linear(`${layer(i)}.mlp.up_proj`, width, inner);
    own.linear(`${layer(i)}.mlp.down_proj`, inner, width);
    for (const norm of ['input', 'post_attention', 'pre_feedforward', 'post_feedforward'])
      own.vector(`${layer(i)}.${norm}_layernorm.weight`, width, 0);
  }
  table.vector('model.norm.weight', width, 0);
  if (!tiedHead) table.embedding('lm_head.weight', vocabSize, width);

  return {
    config,
    weights: table.weights,
    linearLayout: 'out-in',
    unembedding: tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight',
    head: 'lm_head.weight',
    logitCap: variant.logitCap,
    prefix: 'model.',
    isExtra: () => false,

    hidden(tokens, { weight, linear, attend, selectPositions, block }) {
      const [packedRows, length] = tokens.ids.shape;
      const scaleOf = (name: string) => tf.add(weight(`${name}.weight`), 1);

      const embedded = tf.gather(weight('model.embed_tokens.weight'), tf.reshape(tokens.ids, [packedRows * length]));
      // Recomputation repeats a layer alone, so each layer computes its rotation itself.
      const compute = (i: number, x: tf.Tensor2D): tf.Tensor2D => {
        const turns = { full: rotation(tokens, rotary.full), sliding: rotation(tokens, rotary.sliding) };
        const window = windows[i];
        const turn = window === undefined ? turns.full : turns.sliding;
        const norm = (h: tf.Tensor2D, name: string) => rmsNorm(h, scaleOf(`${layer(i)}.${name}_layernorm`), epsilon);
        const project = (h: tf.Tensor2D, part: 'q' | 'k' | 'v', count: number) =>
          splitHeads(linear(h, `${layer(i)}.self_attn.${part}_proj`), packedRows, length, count);
        const normed = (q: tf.Tensor4D, part: 'q' | 'k') =>
          headNorms ? rmsNormOfHeads(q, scaleOf(`${layer(i)}.self_attn.${part}_norm`), epsilon) : q;

        const h = norm(x, 'input');
        const q = rotate(normed(project(h, 'q', heads), 'q'), turn); // [B, H, T, headSize]
        const k = rotate(normed(project(h, 'k', keyValueHeads), 'k'), turn); // [B, KV, T, headSize]
        const v = project(h, 'v', keyValueHeads); // [B, KV, T, headSize]
        const attended = selectPositions(i, joinHeads(attend(i, q, k, v, { scale, window, cap: scoreCap })));
        const after = tf.add<tf.Tensor2D>(
          selectPositions(i, x),
          norm(linear(attended, `${layer(i)}.self_attn.o_proj`), 'post_attention'),
        );

        const m = norm(after, 'pre_feedforward');
        const gate = linear(m, `${layer(i)}.mlp.gate_proj`, activation);
        const gated = activationTimes(gate, linear(m, `${layer(i)}.mlp.up_proj`));
        return tf.add(after, norm(linear(gated, `${layer(i)}.mlp.down_proj`), 'post_feedforward'));
      };

      let x = tf.mul<tf.Tensor2D>(embedded, Math.sqrt(width)); // [B·T, D]
      for (let i = 0; i < layers; i++) x = block(compute, i, x);
      return x;
    },

    finalNorm: (states, { weight }) => rmsNorm(states, tf.add(weight('model.norm.weight'), 1), epsilon),
  };
}
