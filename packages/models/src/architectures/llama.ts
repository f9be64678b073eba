import { llamaFamily } from './_llama-family.js';
import type { ConfigReader } from './config-reader.js';
import type { Decoder } from './types.js';

/**
 * Llama (arXiv 2302.13971; grouped-query attention arXiv 2307.09288): rotary positions, RMS norms before attention and
 * MLP, SwiGLU.
 */
export function llama(settings: ConfigReader): Decoder {
  const bias = settings.flag('attention_bias', false);
  return llamaFamily(settings, {
    modelType: 'llama',
    defaults: { width: 4096, inner: 11008, layers: 32, heads: 32, vocabSize: 32000, maxPositions: 2048 },
    biases: { qkv: bias, output: bias, mlp: settings.flag('mlp_bias', false) },
  });
}
