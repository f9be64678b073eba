import type { Gguf } from './gguf.js';
import { type GgufMetadata, shortest } from './gguf-metadata.js';

/** The rotary base of Gemma 3's layers with a window. GGUF files do not contain it. */
const LOCAL_BASE = 10000;

/**
 * Settings of Gemma 2 and of Gemma 3's text models. Two settings are not in the file, and have the values of all published models:
 * which layers have a window, and the scale of attention scores, which in the largest model of each generation depends on
 * width / heads instead of the head's size.
 */
export function gemmaConfig(
  { tensors }: Gguf,
  metadata: GgufMetadata,
  architecture: 'gemma2' | 'gemma3',
): Record<string, unknown> {
  const key = (name: string): string => `${architecture}.${name}`;
  const width = metadata.requiredCount(key('embedding_length'));
  const heads = metadata.requiredCount(key('attention.head_count'));
  const layers = metadata.requiredCount(key('block_count'));
  const headSize = metadata.requiredCount(key('attention.key_length'));
  const largest = architecture === 'gemma2' ? 46 : 62;
  const optional = (name: string): number | null => {
    const value = metadata.number(key(name));
    return value === undefined ? null : shortest(value);
  };
  return {
    hidden_activation: 'gelu_pytorch_tanh',
    hidden_size: width,
    intermediate_size: metadata.requiredCount(key('feed_forward_length')),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: metadata.number(key('attention.head_count_kv')) ?? heads,
    head_dim: headSize,
    attention_bias: tensors.has('blk.0.attn_q.bias'),
    query_pre_attn_scalar: layers === largest ? width / heads : headSize,
    max_position_embeddings: metadata.requiredCount(key('context_length')),
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
  const width = metadata.requiredCount('gptneox.embedding_length');
  const heads = metadata.requiredCount('gptneox.attention.head_count');
  return {
    hidden_act: 'gelu',
    hidden_size: width,
    intermediate_size: metadata.requiredCount('gptneox.feed_forward_length'),
    num_hidden_layers: metadata.requiredCount('gptneox.block_count'),
    num_attention_heads: heads,
    max_position_embeddings: metadata.requiredCount('gptneox.context_length'),
    layer_norm_eps: shortest(metadata.number('gptneox.attention.layer_norm_epsilon') ?? 1e-5),
    use_parallel_residual: metadata.flag('gptneox.use_parallel_residual') ?? true,
    attention_bias: tensors.has('blk.0.attn_qkv.bias'),
    rotary_pct: metadata.requiredCount('gptneox.rope.dimension_count') / (width / heads),
    rotary_emb_base: shortest(metadata.number('gptneox.rope.freq_base') ?? 10000),
  };
}

function linearScaling(metadata: GgufMetadata, architecture: string): Record<string, unknown> | null {
  const type = metadata.text(`${architecture}.rope.scaling.type`) ?? 'none';
  const factor = metadata.number(`${architecture}.rope.scaling.factor`) ?? 1;
  return type === 'none' || factor === 1 ? null : { rope_type: type, factor: shortest(factor) };
}
