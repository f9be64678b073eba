/** The configurations of the works' models, by the names of their shapes, as in config.json. The weights are random. */
export const shapes = {
  // The other settings default to GPT-2 124M.
  gpt2: { model_type: 'gpt2', vocab_size: 50257 },
  smollm2: {
    model_type: 'llama',
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    vocab_size: 49152,
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-5,
    rope_theta: 100000,
    tie_word_embeddings: true,
  },
  'qwen2.5-0.5b': {
    model_type: 'qwen2',
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    vocab_size: 151936,
    max_position_embeddings: 32768,
    rms_norm_eps: 1e-6,
    rope_theta: 1000000,
    tie_word_embeddings: true,
  },
};

/** The configuration of a shape by its name. @throws Error for an unknown name */
export function shapeNamed(name) {
  const shape = shapes[name];
  if (shape === undefined) throw new Error(`There is no shape ${name}; there are ${Object.keys(shapes).join(', ')}.`);
  return shape;
}
