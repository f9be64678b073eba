import type { RotaryScaling, RotarySettings } from '../blocks/rotary.js';
import type { ConfigReader } from './config-reader.js';

/**
 * Rotary settings from a configuration: `rope_parameters` (transformers 5), else `rope_theta` and `rope_scaling`.
 *
 * Throws `model.unsupported-config` for a scaling other than linear, dynamic and llama3.
 *
 * @param size how many dimensions of a head are rotated
 * @param maxPositions what the model was made for without scaling
 * @param theta the base where the configuration has none
 */
export function readRotary(settings: ConfigReader, size: number, maxPositions: number, theta = 10000): RotarySettings {
  const parameters = settings.object('rope_parameters') ?? settings.object('rope_scaling');
  if ((parameters?.raw.partial_rotary_factor ?? 1) !== 1)
    throw settings.unsupported('partial_rotary_factor', parameters?.raw.partial_rotary_factor, '1');
  return rotaryOf(settings, parameters, size, maxPositions, settings.positive('rope_theta', theta));
}

/** As {@link readRotary}, from parameters that are found already. */
export function rotaryOf(
  settings: ConfigReader,
  parameters: ConfigReader | undefined,
  size: number,
  maxPositions: number,
  theta: number,
): RotarySettings {
  if (!Number.isInteger(size / 2) || size < 2)
    throw settings.unsupported('head_dim', size, 'an even number of rotated dimensions');
  return {
    theta: parameters?.positive('rope_theta', theta) ?? theta,
    size,
    scaling: parameters === undefined ? undefined : readScaling(parameters, maxPositions),
  };
}

/** How long a text the model can read: dynamic scaling stretches what it was made for. */
export function stretched(maxPositions: number, { scaling }: RotarySettings): number {
  return scaling?.type === 'dynamic' ? Math.floor(scaling.factor * maxPositions) : maxPositions;
}

function readScaling(parameters: ConfigReader, maxPositions: number): RotaryScaling | undefined {
  const key = 'rope_type' in parameters.raw ? 'rope_type' : 'type';
  const type = parameters.choice(key, ['default', 'linear', 'dynamic', 'llama3'], 'default');
  if (type === 'default') return undefined;
  const factor = parameters.positive('factor');
  if (type === 'linear') return { type, factor };
  if (type === 'dynamic') return { type, factor, originalPositions: maxPositions };
  return {
    type,
    factor,
    lowFrequencyFactor: parameters.positive('low_freq_factor'),
    highFrequencyFactor: parameters.positive('high_freq_factor'),
    originalPositions: parameters.count('original_max_position_embeddings', maxPositions),
  };
}
