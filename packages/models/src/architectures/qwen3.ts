import { llamaFamily } from './_llama-family.js';
import type { ConfigReader } from './config-reader.js';
import { qwenWindows } from './qwen2.js';
import type { Decoder } from './types.js';

/** Qwen3 (arXiv 2505.09388): Qwen2 without its biases, with RMS norms of each head's queries and keys. */
export function qwen3(settings: ConfigReader): Decoder {
  const bias = settings.flag('attention_bias', false);
  return llamaFamily(settings, {
    modelType: 'qwen3',
    defaults: {
      width: 4096,
      inner: 22016,
      layers: 32,
      heads: 32,
      keyValueHeads: 32,
      headSize: 128,
      vocabSize: 151936,
      maxPositions: 32768,
    },
    biases: { qkv: bias, output: bias },
    headNorms: true,
    windows: (layers) => qwenWindows(settings, layers),
  });
}
