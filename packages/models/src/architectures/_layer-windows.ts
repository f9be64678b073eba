import type { ConfigReader } from './config-reader.js';

/**
 * How many positions each layer sees: `window` when `layer_types` says `sliding_attention`, all (undefined) when `layer_types`
 * says `full_attention`.
 *
 * @param slides which layers have a window when the configuration has no `layer_types`
 * @throws {DpoError} `model.bad-config`, `model.unsupported-config` for another type of layer.
 */
export function layerWindows(
  settings: ConfigReader,
  layers: number,
  window: number | undefined,
  slides: (layer: number) => boolean,
): readonly (number | undefined)[] {
  const types = settings.choices('layer_types', ['sliding_attention', 'full_attention'], layers);
  return Array.from({ length: layers }, (_, i) =>
    (types === undefined ? slides(i) : types[i] === 'sliding_attention') ? window : undefined,
  );
}
