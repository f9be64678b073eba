import type { Decoder } from '../architectures/types.js';
import { adapterWeightName, magnitudeName, savedWeightName } from './types.js';

/** The layer of each parameter that belongs to a layer: the decoder's weights, and the weights that an adapter may have for them. */
export function parameterLayers(decoder: Decoder): ReadonlyMap<string, number> {
  const layers = new Map<string, number>();
  for (const [name, { kind, layer }] of decoder.weights) {
    if (layer === undefined) continue;
    for (const parameter of [name, savedWeightName(name)]) layers.set(parameter, layer);
    if (kind !== 'linear') continue;
    const linear = name.slice(0, -'.weight'.length);
    for (const parameter of [adapterWeightName(linear, 'A'), adapterWeightName(linear, 'B'), magnitudeName(linear)])
      layers.set(parameter, layer);
  }
  return layers;
}
