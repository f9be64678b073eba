import type { RotaryScaling, RotarySettings } from '../blocks/rotary.js';
import type { ConfigReader } from './config-reader.js';

/**
 * Rotary settings from a configuration: `rope_parameters` (transformers 5), else `rope_theta` and `rope_scaling`.
 *
 * Throws `model.unsupported-config` for a scaling other than linear and llama3.
 */
export function readRotary(settings: ConfigReader, headSize: number, maxPositions: number): RotarySettings {
  if (headSize % 2 !== 0) throw settings.unsupported('head_dim', headSize, 'an even number');
  const parameters = settings.object('rope_parameters') ?? settings.object('rope_scaling');
  const theta = settings.positive('rope_theta', 10000);
  return {
    theta: parameters?.positive('rope_theta', theta) ?? theta,
    headSize,
    scaling: parameters === undefined ? undefined : readScaling(parameters, maxPositions),
  };
}

function readScaling(parameters: ConfigReader, maxPositions: number): RotaryScaling | undefined {
  const key = 'rope_type' in parameters.raw ? 'rope_type' : 'type';
  const type = parameters.choice(key, ['default', 'linear', 'llama3'], 'default');
  if ((parameters.raw.partial_rotary_factor ?? 1) !== 1)
    throw parameters.unsupported('partial_rotary_factor', parameters.raw.partial_rotary_factor, '1');
  if (type === 'default') return undefined;
  const factor = parameters.positive('factor');
  if (type === 'linear') return { type, factor };
  return {
    type,
    factor,
    lowFrequencyFactor: parameters.positive('low_freq_factor'),
    highFrequencyFactor: parameters.positive('high_freq_factor'),
    originalPositions: parameters.count('original_max_position_embeddings', maxPositions),
  };
}
