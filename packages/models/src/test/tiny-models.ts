import type { Engine } from '@dpo/engine';
import { createModel } from '../model/create-model.js';
import type { LanguageModel } from '../model/types.js';

/** Sizes of a tiny model. */
export interface TinyModelOptions {
  /** How many tokens the vocabulary has. The tiny tokenizer needs 257 to 259. Default 96. */
  readonly vocabSize?: number | undefined;
  /** The longest text, in tokens. Default 64. */
  readonly maxPositions?: number | undefined;
  /** The standard deviation of the weights. The default, 0.2, makes distributions that are far from uniform. */
  readonly deviation?: number | undefined;
  /** The seed of the weights. Default 0. */
  readonly seed?: number | undefined;
}

/** A random GPT-2 of two layers, width 32, four heads. */
export function tinyGpt2(engine: Engine, options: TinyModelOptions = {}): LanguageModel {
  const { vocabSize = 96, maxPositions = 64, deviation = 0.2, seed = 0 } = options;
  const config = {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    vocab_size: vocabSize,
    n_positions: maxPositions,
    n_embd: 32,
    n_layer: 2,
    n_head: 4,
    initializer_range: deviation,
    bos_token_id: vocabSize - 1,
    eos_token_id: vocabSize - 1,
  };
  return createModel(engine, config, { seed });
}

/** A random Llama of two layers, width 32, four query heads that share two key-value heads, with a tied head. */
export function tinyLlama(engine: Engine, options: TinyModelOptions = {}): LanguageModel {
  const { vocabSize = 96, maxPositions = 64, deviation = 0.2, seed = 0 } = options;
  const config = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    vocab_size: vocabSize,
    max_position_embeddings: maxPositions,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    tie_word_embeddings: true,
    initializer_range: deviation,
    bos_token_id: vocabSize - 1,
    eos_token_id: vocabSize - 1,
  };
  return createModel(engine, config, { seed });
}
