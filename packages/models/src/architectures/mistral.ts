import { llamaFamily } from './_llama-family.js';
import type { ConfigReader } from './config-reader.js';
import type { Decoder } from './types.js';

/** Mistral (arXiv 2310.06825): Llama with a sliding window in every layer, unless the configuration has none. */
export function mistral(settings: ConfigReader): Decoder {
  const window = settings.optionalCount('sliding_window', 4096);
  return llamaFamily(settings, {
    modelType: 'mistral',
    defaults: {
      width: 4096,
      inner: 14336,
      layers: 32,
      heads: 32,
      keyValueHeads: 8,
      vocabSize: 32000,
      maxPositions: 131072,
    },
    windows: (layers) => new Array<number | undefined>(layers).fill(window),
  });
}
