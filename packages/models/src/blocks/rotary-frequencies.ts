import * as tf from '@tensorflow/tfjs-core';

/** How the angles of rotary positions grow with the position, from a model's configuration. */
export interface RotarySettings {
  /** Base of the wavelengths: 2π · theta^(2i/size). */
  readonly theta: number;
  /** How many dimensions of a head are rotated, from the first on: an even number. */
  readonly size: number;
  /** Which dimensions turn together: i and i + size/2 (the default), or the neighbours 2i and 2i + 1, as in the paper. */
  readonly pairs?: 'halves' | 'neighbours' | undefined;
  /** How angles are rescaled for longer texts. Default not at all. */
  readonly scaling?: RotaryScaling | undefined;
}

/** Ways to stretch the positions that a model was trained on (`originalPositions`). */
export type RotaryScaling =
  /** All angles by 1 / factor. */
  | { readonly type: 'linear'; readonly factor: number }
  /** A base that grows with the text. */
  | { readonly type: 'dynamic'; readonly factor: number; readonly originalPositions: number }
  /** Slow rotations by 1 / factor, fast ones not, with a smooth passage between two numbers of turns. */
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    }
  /** As llama3, with the passage along the dimensions (arXiv 2309.00071); queries and keys are multiplied by `amplitude`. */
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly amplitude: number;
      readonly fastTurns: number;
      readonly slowTurns: number;
      /** Whether the passage begins and ends at whole dimensions. */
      readonly truncate: boolean;
      readonly originalPositions: number;
    }
  /** Each angle by 1 / its own factor. The factors are the ones for texts up to the original length (arXiv 2402.13753). */
  | {
      readonly type: 'longrope';
      readonly shortFactors: readonly number[];
      readonly amplitude: number;
      readonly originalPositions: number;
    };

/** The places of tokens that rotations are computed for. */
export interface Places {
  /** [B, T] int32: positions in the text. */
  readonly positions: tf.Tensor2D;
  /** [B, T] int32: places of a packed row with the same number belong to the same text. Default: a packed row is one text. */
  readonly groupNumbers?: tf.Tensor2D | undefined;
  /** How many tokens of each text come after its last place. Default 0. */
  readonly unread?: number | undefined;
}

/**
 * The angle per position of each pair of dimensions, in radians: fᵢ = theta^(−2i/size), i = 0 … size/2 − 1, with all rescaling of
 * the settings that does not depend on the text (transformers, `modeling_rope_utils.py`).
 *
 * @returns [size / 2]
 */
export function rotaryFrequencies({ theta, size, scaling }: RotarySettings): Float32Array {
  const shareOf = unscaledShare({ theta, size, scaling });
  return Float32Array.from({ length: size / 2 }, (_, i) => {
    const frequency = theta ** ((-2 * i) / size);
    if (scaling === undefined || scaling.type === 'dynamic') return frequency;
    if (scaling.type === 'longrope') return frequency / (scaling.shortFactors[i] as number);
    const share = shareOf(i, frequency);
    return frequency * ((1 - share) / scaling.factor + share);
  });
}

/** The share of a frequency that the factor leaves alone: 0 when the whole frequency is scaled, 1 when none of it is. */
function unscaledShare({ theta, size, scaling }: RotarySettings): (i: number, frequency: number) => number {
  const between = (value: number, none: number, all: number) => Math.min(1, Math.max(0, (value - none) / (all - none)));
  if (scaling?.type === 'llama3') {
    const { lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
    return (_, frequency) => between((originalPositions * frequency) / (2 * Math.PI), low, high);
  }
  if (scaling?.type === 'yarn') {
    const { fastTurns, slowTurns, truncate, originalPositions } = scaling;
    // The dimension that makes so many turns in the original length.
    const turning = (turns: number) =>
      (size * Math.log(originalPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
    const [first, last] = [turning(fastTurns), turning(slowTurns)];
    const low = Math.max(truncate ? Math.floor(first) : first, 0);
    const high = Math.min(truncate ? Math.ceil(last) : last, size - 1);
    return (i) => between(i, low === high ? high + 0.001 : high, low);
  }
  return () => 0;
}

/**
 * The factors of the angles in dynamic NTK scaling, which depend on the length L of the text: with L₀ the original positions,
 * a longer text has the base
 *
 *     theta · s^(size/(size − 2)),   s = factor · L / L₀ − (factor − 1)
 *
 * so that fᵢ is multiplied by s^(−2i/(size − 2)). L is the end of the longest answer in a group. In generation L is the end of
 * the latest token, and earlier keys keep their rotation, as in transformers. Undefined for other scalings.
 *
 * @returns [B, 1, T, size / 2]
 */
export function lengthFactors(places: Places, { size, scaling }: RotarySettings): tf.Tensor | undefined {
  if (scaling?.type !== 'dynamic') return undefined;
  const { factor, originalPositions } = scaling;
  const stretch = tf.sub(tf.mul(textLengths(places), factor / originalPositions), factor - 1); // [B, 1, T, 1]
  const powers = Float32Array.from({ length: size / 2 }, (_, i) => (-2 * i) / (size - 2));
  // The logarithm is 0 within the original length.
  return tf.exp(tf.mul(tf.log(tf.maximum(stretch, 1)), tf.tensor1d(powers)));
}

/** The length of each position's text, float32 [B, 1, T, 1]. */
function textLengths({ positions, groupNumbers, unread = 0 }: Places): tf.Tensor {
  const [packedRows, length] = positions.shape;
  const groups = tf.reshape(groupNumbers ?? tf.onesLike(positions), [packedRows, length, 1]);
  const sameText = tf.cast(tf.equal(groups, tf.reshape(groups, [packedRows, 1, length])), 'float32'); // [B, T, T]
  const ends = tf.add(tf.reshape(tf.cast(positions, 'float32'), [packedRows, 1, length]), 1 + unread);
  return tf.reshape(tf.max(tf.mul(sameText, ends), 2), [packedRows, 1, length, 1]);
}
