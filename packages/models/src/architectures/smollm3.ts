import { layerWindows } from './_layer-windows.js';
import { llamaFamily } from './_llama-family.js';
import type { ConfigReader } from './config-reader.js';
import type { Decoder } from './types.js';

/**
 * SmolLM3 (Hugging Face 2025): Llama with every fourth layer without rotary positions (arXiv 2501.18795). The windows, if the
 * configuration has any, are in the layers without rotary positions.
 */
export function smollm3(settings: ConfigReader): Decoder {
  const interval = settings.count('no_rope_layer_interval', 4);
  const bias = settings.flag('attention_bias', false);
  const window = settings.flag('use_sliding_window', false) ? settings.optionalCount('sliding_window') : undefined;
  /** Whether each layer rotates. A 1 in `no_rope_layers` means that the layer does, against the setting's name. */
  const rotates = (layers: number): readonly boolean[] => {
    const ones = settings.choices('no_rope_layers', [0, 1], layers);
    return Array.from({ length: layers }, (_, i) => (ones === undefined ? (i + 1) % interval !== 0 : ones[i] === 1));
  };
  return llamaFamily(settings, {
    modelType: 'smollm3',
    defaults: {
      width: 2048,
      inner: 11008,
      layers: 36,
      heads: 16,
      keyValueHeads: 4,
      vocabSize: 128256,
      maxPositions: 32768,
      tiedHead: true,
      theta: 2e6,
    },
    biases: { qkv: bias, output: bias, mlp: settings.flag('mlp_bias', false) },
    rotates,
    windows: (layers) => layerWindows(settings, layers, window, (i) => rotates(layers)[i] === false),
  });
}
