import type { RotaryScaling, RotarySettings } from '../blocks/rotary-frequencies.js';
import type { ConfigReader } from './config-reader.js';

/**
 * The settings of rotary positions: `rope_scaling` unless it is missing or empty, else `rope_parameters` (transformers 5). The
 * order is that of transformers' `convert_rope_params_to_dict`.
 */
export function rotaryParameters(settings: ConfigReader): ConfigReader | undefined {
  const scaling = settings.object('rope_scaling');
  const hasSettings = scaling !== undefined && Object.keys(scaling.raw).length > 0;
  return hasSettings ? scaling : settings.object('rope_parameters');
}

/**
 * The rotary settings of a configuration: see {@link rotaryParameters}. A base that is missing there is the configuration's
 * `rope_theta`. Without a scaling, transformers ignores `partial_rotary_factor` of these models, and so does this function.
 *
 * @param size how many dimensions of a head are rotated
 * @param maxPositions the longest text of the model without scaling, in tokens
 * @param theta the base when the configuration has none
 * @throws {DpoError} `model.unsupported-config` for a scaling other than linear, dynamic, llama3, yarn and longrope.
 */
export function readRotary(settings: ConfigReader, size: number, maxPositions: number, theta = 10000): RotarySettings {
  const parameters = rotaryParameters(settings);
  const rotary = rotaryOf(settings, parameters, size, maxPositions, settings.positive('rope_theta', theta));
  if (rotary.scaling !== undefined && (parameters?.raw.partial_rotary_factor ?? 1) !== 1)
    throw settings.unsupported('partial_rotary_factor', parameters?.raw.partial_rotary_factor, '1 beside a scaling');
  return rotary;
}

/** As {@link readRotary}, from parameters that the caller has read. */
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

/**
 * The longest text that a model reads, in tokens. Dynamic scaling and yarn stretch `maxPositions`; longrope is computed up to
 * its original length alone.
 */
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
  const fallback = scale && scaleOfAll ? suggested(scale) / suggested(scaleOfAll) : suggested(1);
  return {
    type: 'yarn',
    factor,
    amplitude: parameters.positive('attention_factor', fallback),
    fastTurns: parameters.positive('beta_fast', 32),
    slowTurns: parameters.positive('beta_slow', 1),
    truncate: parameters.flag('truncate', true),
    originalPositions,
  };
}

/**
 * Texts beyond the original length would have other factors, and a text that grows beyond it would have to change its factors on
 * the way. So texts end at the original length.
 */
function readLongrope(parameters: ConfigReader, size: number, maxPositions: number): RotaryScaling {
  const originalPositions = parameters.count('original_max_position_embeddings', maxPositions);
  const factor = parameters.positive('factor', maxPositions / originalPositions);
  const fallback = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions));
  return {
    type: 'longrope',
    shortFactors: parameters.numbers('short_factor', size / 2),
    amplitude: parameters.positive('attention_factor', fallback),
    originalPositions,
  };
}
