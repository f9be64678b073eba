import type { RotaryScaling, RotarySettings } from '../blocks/rotary-frequencies.js';
import type { ConfigReader } from './config-reader.js';

/**
 * The settings of rotary positions: `rope_scaling` where it says something, which goes before `rope_parameters`
 * (transformers 5) as in transformers' own `convert_rope_params_to_dict`.
 */
export function rotaryParameters(settings: ConfigReader): ConfigReader | undefined {
  const scaling = settings.object('rope_scaling');
  const given = scaling !== undefined && Object.keys(scaling.raw).length > 0;
  return given ? scaling : settings.object('rope_parameters');
}

/**
 * Rotary settings from a configuration: see {@link rotaryParameters}; a base that they do not name is `rope_theta`.
 * Without a scaling, transformers does not read `partial_rotary_factor` for these models, and neither does this.
 *
 * @throws DpoError `model.unsupported-config` for a scaling other than linear, dynamic, llama3, yarn and longrope.
 *
 * @param size how many dimensions of a head are rotated
 * @param maxPositions what the model was made for without scaling
 * @param theta the base when the configuration has none
 */
export function readRotary(settings: ConfigReader, size: number, maxPositions: number, theta = 10000): RotarySettings {
  const parameters = rotaryParameters(settings);
  const rotary = rotaryOf(settings, parameters, size, maxPositions, settings.positive('rope_theta', theta));
  if (rotary.scaling !== undefined && (parameters?.raw.partial_rotary_factor ?? 1) !== 1)
    throw settings.unsupported('partial_rotary_factor', parameters?.raw.partial_rotary_factor, '1 beside a scaling');
  return rotary;
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
    scaling: parameters === undefined ? undefined : readScaling(parameters, size, maxPositions),
  };
}

/** How long a text the model can read: some scalings stretch what it was made for, longrope is read for short texts alone. */
export function stretched(maxPositions: number, { scaling }: RotarySettings): number {
  if (scaling?.type === 'dynamic') return Math.floor(scaling.factor * maxPositions);
  if (scaling?.type === 'yarn') return Math.max(maxPositions, Math.floor(scaling.factor * scaling.originalPositions));
  return scaling?.type === 'longrope' ? scaling.originalPositions : maxPositions;
}

const types = ['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope'] as const;

function readScaling(parameters: ConfigReader, size: number, maxPositions: number): RotaryScaling | undefined {
  const key = 'rope_type' in parameters.raw ? 'rope_type' : 'type';
  const type = parameters.choice(key, types, 'default');
  if (type === 'default') return undefined;
  if (type === 'longrope') return readLongrope(parameters, size, maxPositions);
  const factor = parameters.positive('factor');
  if (type === 'linear') return { type, factor };
  if (type === 'dynamic') return { type, factor, originalPositions: maxPositions };
  const originalPositions = parameters.count('original_max_position_embeddings', maxPositions);
  if (type === 'yarn') return readYarn(parameters, factor, originalPositions);
  return {
    type,
    factor,
    lowFrequencyFactor: parameters.positive('low_freq_factor'),
    highFrequencyFactor: parameters.positive('high_freq_factor'),
    originalPositions,
  };
}

function readYarn(parameters: ConfigReader, factor: number, originalPositions: number): RotaryScaling {
  const [scale, scaleOfAll] = [parameters.optionalPositive('mscale'), parameters.optionalPositive('mscale_all_dim')];
  const suggested = (by: number) => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  const usual = scale && scaleOfAll ? suggested(scale) / suggested(scaleOfAll) : suggested(1);
  return {
    type: 'yarn',
    factor,
    amplitude: parameters.positive('attention_factor', usual),
    fastTurns: parameters.positive('beta_fast', 32),
    slowTurns: parameters.positive('beta_slow', 1),
    truncate: parameters.flag('truncate', true),
    originalPositions,
  };
}

/** Longer texts have other factors, which a text in the making would have to change to: it ends at the original length. */
function readLongrope(parameters: ConfigReader, size: number, maxPositions: number): RotaryScaling {
  const originalPositions = parameters.count('original_max_position_embeddings', maxPositions);
  const factor = parameters.positive('factor', maxPositions / originalPositions);
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions));
  return {
    type: 'longrope',
    shortFactors: parameters.numbers('short_factor', size / 2),
    amplitude: parameters.positive('attention_factor', usual),
    originalPositions,
  };
}
