import { layerWindows } from './_layer-windows.js';
import { llamaFamily } from './_llama-family.js';
import type { ConfigReader } from './config-reader.js';
import type { Decoder } from './types.js';

/** Qwen2 and Qwen2.5 (arXiv 2407.10671, 2412.15115): Llama with biases on queries, keys and values. */
export function qwen2(settings: ConfigReader): Decoder {
  return llamaFamily(settings, {
    modelType: 'qwen2',
    defaults: {
      width: 4096,
      inner: 22016,
      layers: 32,
      heads: 32,
      keyValueHeads: 32,
      vocabSize: 151936,
      maxPositions: 32768,
    },
    biases: { qkv: true },
    windows: (layers) => qwenWindows(settings, layers),
  });
}

/**
 * The windows of each layer of a Qwen model: none unless `use_sliding_window` is true. `layer_types` says which layers have a
 * window; without `layer_types`, the layers from `max_window_layers` on.
 */
export function qwenWindows(settings: ConfigReader, layers: number): readonly (number | undefined)[] {
  const window = settings.flag('use_sliding_window', false)
    ? settings.optionalCount('sliding_window', 4096)
    : undefined;
  const first = settings.count('max_window_layers', 28, 0);
  return layerWindows(settings, layers, window, (i) => i >= first);
}
