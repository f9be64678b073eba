import { DpoError } from '@dpo/base';
import type { Gguf } from './gguf.js';
import { badGguf } from './gguf-cursor.js';
import { type GgufMetadata, shortest } from './gguf-metadata.js';
import { ggufArchitectures, ropeFactors } from './gguf-names.js';
import { gemmaConfig, neoxConfig } from './gguf-other-configs.js';

/** Hugging Face's `model_type` and class by GGUF architecture. */
const names: Readonly<Record<string, readonly [modelType: string, className: string]>> = {
  gemma2: ['gemma2', 'Gemma2ForCausalLM'],
  gemma3: ['gemma3_text', 'Gemma3ForCausalLM'],
  gpt2: ['gpt2', 'GPT2LMHeadModel'],
  gptneox: ['gpt_neox', 'GPTNeoXForCausalLM'],
  llama: ['llama', 'LlamaForCausalLM'],
  qwen2: ['qwen2', 'Qwen2ForCausalLM'],
  qwen3: ['qwen3', 'Qwen3ForCausalLM'],
};

/**
 * The `config.json` that transformers would have for the model of a GGUF file.
 *
 * @throws {DpoError} `model.unsupported-architecture`, and `model.bad-gguf` when a required setting is missing.
 */
export async function ggufConfig(gguf: Gguf, metadata: GgufMetadata): Promise<Record<string, unknown>> {
  const architecture = ggufArchitecture(metadata);
  const [modelType, className] = names[architecture] ?? [];
  if (!ggufArchitectures.includes(architecture)) {
    throw new DpoError(
      'model.unsupported-architecture',
      `${gguf.path}: GGUF architecture "${architecture}" is not read; these are: ${ggufArchitectures.join(', ')}.`,
      { values: { path: gguf.path, architecture, supported: ggufArchitectures } },
    );
  }
  const vocabSize = gguf.tensors.get('token_embd.weight')?.shape[0];
  if (vocabSize === undefined) throw badGguf(gguf.path, 'it has no tensor "token_embd.weight"');
  const common = {
    architectures: [className],
    model_type: modelType,
    vocab_size: vocabSize,
    tie_word_embeddings: !gguf.tensors.has('output.weight'),
    bos_token_id: metadata.number('tokenizer.ggml.bos_token_id') ?? null,
    eos_token_id: metadata.number('tokenizer.ggml.eos_token_id') ?? null,
    torch_dtype: 'float32',
  };
  return { ...common, ...(await specificConfig(gguf, metadata, architecture)) };
}

/** `general.architecture`, which decides what the file's names mean. */
export function ggufArchitecture(metadata: GgufMetadata): string {
  return metadata.text('general.architecture') ?? '';
}

function specificConfig(gguf: Gguf, metadata: GgufMetadata, architecture: string) {
  if (architecture === 'gpt2') return gpt2Config(metadata);
  if (architecture === 'gptneox') return neoxConfig(gguf, metadata);
  if (architecture === 'gemma2' || architecture === 'gemma3') return gemmaConfig(gguf, metadata, architecture);
  return llamaConfig(gguf, metadata, architecture);
}

function gpt2Config(metadata: GgufMetadata): Record<string, unknown> {
  const width = metadata.requiredCount('gpt2.embedding_length');
  return {
    activation_function: 'gelu_new',
    n_positions: metadata.requiredCount('gpt2.context_length'),
    n_embd: width,
    n_layer: metadata.requiredCount('gpt2.block_count'),
    n_head: metadata.requiredCount('gpt2.attention.head_count'),
    n_inner: metadata.number('gpt2.feed_forward_length') ?? 4 * width,
    layer_norm_epsilon: shortest(metadata.number('gpt2.attention.layer_norm_epsilon') ?? 1e-5),
  };
}

async function llamaConfig(gguf: Gguf, metadata: GgufMetadata, architecture: string): Promise<Record<string, unknown>> {
  const key = (name: string): string => `${architecture}.${name}`;
  const width = metadata.requiredCount(key('embedding_length'));
  const heads = metadata.requiredCount(key('attention.head_count'));
  const rotarySize = metadata.number(key('rope.dimension_count'));
  const headSize = metadata.number(key('attention.key_length')) ?? rotarySize ?? width / heads;
  if (rotarySize !== undefined && rotarySize !== headSize) {
    throw badGguf(gguf.path, `it rotates ${rotarySize} of ${headSize} dimensions of a head, which is not supported`);
  }
  const scaling = await ropeScaling(gguf, metadata, architecture, headSize);
  return {
    hidden_act: 'silu',
    hidden_size: width,
    intermediate_size: metadata.requiredCount(key('feed_forward_length')),
    num_hidden_layers: metadata.requiredCount(key('block_count')),
    num_attention_heads: heads,
    num_key_value_heads: metadata.number(key('attention.head_count_kv')) ?? heads,
    head_dim: headSize,
    max_position_embeddings: metadata.requiredCount(key('context_length')),
    rms_norm_eps: shortest(metadata.number(key('attention.layer_norm_rms_epsilon')) ?? 1e-6),
    rope_theta: ropeBase(metadata, architecture),
    rope_scaling: scaling,
    ...(architecture === 'qwen2' ? {} : { attention_bias: gguf.tensors.has('blk.0.attn_q.bias') }),
    ...(architecture === 'llama' ? { mlp_bias: gguf.tensors.has('blk.0.ffn_up.bias') } : {}),
  };
}

function ropeBase(metadata: GgufMetadata, architecture: string): number {
  return shortest(metadata.number(`${architecture}.rope.freq_base`) ?? 10000);
}

/** `rope_scaling`: none, linear, yarn, or Llama 3's, of which a GGUF file has nothing but the resulting factors. */
async function ropeScaling(
  gguf: Gguf,
  metadata: GgufMetadata,
  architecture: string,
  headSize: number,
): Promise<Record<string, unknown> | null> {
  if (gguf.tensors.has(ropeFactors)) {
    const factors = await gguf.read(ropeFactors);
    return llama3Scaling(gguf.path, factors, ropeBase(metadata, architecture), headSize);
  }
  const type = metadata.text(`${architecture}.rope.scaling.type`) ?? 'none';
  const factor = metadata.number(`${architecture}.rope.scaling.factor`) ?? 1;
  if (type === 'none' || factor === 1) return null;
  if (type === 'linear') return { rope_type: 'linear', type: 'linear', factor: shortest(factor) };
  const original = metadata.number(`${architecture}.rope.scaling.original_context_length`);
  return {
    rope_type: type,
    type,
    factor: shortest(factor),
    ...(original === undefined ? {} : { original_max_position_embeddings: original }),
  };
}

/**
 * Llama 3's scaling, recovered from its factors: 1 for fast rotations, `factor` for slow rotations, a blend between. All models
 * of Llama 3 have the low and high limits 1 and 4 and the original length 8192. The factors are computed again from these
 * numbers, and must equal the file's.
 */
function llama3Scaling(path: string, factors: Float32Array, base: number, headSize: number): Record<string, unknown> {
  const factor = shortest(factors.reduce((largest, value) => Math.max(largest, value), 1));
  const original = 8192;
  const [low, high] = [1, 4];
  const expected = Array.from(factors, (_, i) => {
    const wavelength = 2 * Math.PI * base ** ((2 * i) / headSize);
    if (wavelength < original / high) return 1;
    if (wavelength > original / low) return factor;
    const smooth = (original / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  if (expected.some((value, i) => Math.abs(value / (factors[i] as number) - 1) > 1e-3)) {
    throw badGguf(path, 'its rotary factors (rope_freqs) are not those of Llama 3, and others are not supported');
  }
  return {
    rope_type: 'llama3',
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: original,
  };
}
