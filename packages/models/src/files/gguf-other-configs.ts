import type { Gguf } from './gguf.js';
import { type GgufMetadata, shortest } from './gguf-metadata.js';

/** Gemma 3 turns the keys and queries of layers with a window by this base, which its GGUF files do not say. */
const LOCAL_BASE = 10000;

/**
 * Settings of Gemma 2 and of Gemma 3's text models. Which layers have a window is not in the file: it is as in all models
 * published, and so are the scales of the two largest, which go by width / heads instead of the head's size.
 */
export function gemmaConfig(
  { tensors }: Gguf,
  metadata: GgufMetadata,
  architecture: 'gemma2' | 'gemma3',
): Record<string, unknown> {
  const key = (name: string): string => `${architecture}.${name}`;
  const width = metadata.needed(key('embedding_length'));
  const heads = metadata.needed(key('attention.head_count'));
  const layers = metadata.needed(key('block_count'));
  const headSize = metadata.needed(key('attention.key_length'));
  const largest = architecture === 'gemma2' ? 46 : 62;
  const optional = (name: string): number | null => {
    const value = metadata.number(key(name));
    return value === undefined ? null : shortest(value);
  };
  return {
    hidden_activation: 'gelu_pytorch_tanh',
    hidden_size: width,
    intermediate_size: metadata.needed(key('feed_forward_length')),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: metadata.number(key('attention.head_count_kv')) ?? heads,
    head_dim: headSize,
    attention_bias: tensors.has('blk.0.attn_q.bias'),
    query_pre_attn_scalar: layers === largest ? width / heads : headSize,
    max_position_embeddings: metadata.needed(key('context_length')),
    rms_norm_eps: shortest(metadata.number(key('attention.layer_norm_rms_epsilon')) ?? 1e-6),
    sliding_window: metadata.number(key('attention.sliding_window')) ?? null,
    final_logit_softcapping: optional('final_logit_softcapping'),
    attn_logit_softcapping: optional('attn_logit_softcapping'),
    ...(architecture === 'gemma2'
      ? { rope_theta: shortest(metadata.number(key('rope.freq_base')) ?? 10000) }
      : {
          rope_theta: shortest(metadata.number(key('rope.freq_base')) ?? 1e6),
          rope_local_base_freq: LOCAL_BASE,
          rope_scaling: linearScaling(metadata, architecture),
          sliding_window_pattern: 6,
        }),
  };
}

/** Settings of GPT-NeoX. */
export function neoxConfig({ tensors }: Gguf, metadata: GgufMetadata): Record<string, unknown> {
  const width = metadata.needed('gptneox.embedding_length');
  const heads = metadata.needed('gptneox.attention.head_count');
  return {
    hidden_act: 'gelu',
    hidden_size: width,
    intermediate_size: metadata.needed('gptneox.feed_forward_length'),
    num_hidden_layers: metadata.needed('gptneox.block_count'),
    num_attention_heads: heads,
    max_position_embeddings: metadata.needed('gptneox.context_length'),
    layer_norm_eps: shortest(metadata.number('gptneox.attention.layer_norm_epsilon') ?? 1e-5),
    use_parallel_residual: metadata.flag('gptneox.use_parallel_residual') ?? true,
    attention_bias: tensors.has('blk.0.attn_qkv.bias'),
    rotary_pct: metadata.needed('gptneox.rope.dimension_count') / (width / heads),
    rotary_emb_base: shortest(metadata.number('gptneox.rope.freq_base') ?? 10000),
  };
}

function linearScaling(metadata: GgufMetadata, architecture: string): Record<string, unknown> | null {
  const type = metadata.text(`${architecture}.rope.scaling.type`) ?? 'none';
  const factor = metadata.number(`${architecture}.rope.scaling.factor`) ?? 1;
  return type === 'none' || factor === 1 ? null : { rope_type: type, factor: shortest(factor) };
}
