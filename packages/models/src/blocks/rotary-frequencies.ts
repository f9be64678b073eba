import * as tf from '@tensorflow/tfjs-core';

/** How the angles of rotary positions grow with the position, from a model's configuration. */
export interface RotarySettings {
  /** Base of the wavelengths: 2π · theta^(2i/size). */
  readonly theta: number;
  /** How many dimensions of a head are rotated, the first ones; an even number. */
  readonly size: number;
  /** Which dimensions turn together: i and i + size/2 (the default), or neighbours 2i and 2i + 1, as the paper has it. */
  readonly pairs?: 'halves' | 'neighbours' | undefined;
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
  /** The same with a passage along the dimensions (arXiv 2309.00071); queries and keys are lengthened by `amplitude`. */
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
  /** Angles by 1 / a factor of their own, those for texts up to the original length (arXiv 2402.13753). */
  | {
      readonly type: 'longrope';
      readonly shortFactors: readonly number[];
      readonly amplitude: number;
      readonly originalPositions: number;
    };

/**
 * What rotations are computed for, [B, T] int32: positions, which of them belong to the same text (default a row), and how
 * many tokens of it come after (default 0).
 */
export interface Places {
  readonly positions: tf.Tensor2D;
  readonly groupNumbers?: tf.Tensor2D | undefined;
  readonly unread?: number | undefined;
}

/**
 * Angle per position of each pair of dimensions, in radians: fᵢ = theta^(−2i/size), i = 0 … size/2 − 1, rescaled as the
 * settings say, as far as that does not depend on the text (transformers, `modeling_rope_utils.py`).
 */
export function rotaryFrequencies({ theta, size, scaling }: RotarySettings): Float32Array {
  const shares = keptShares({ theta, size, scaling });
  return Float32Array.from({ length: size / 2 }, (_, i) => {
    const frequency = theta ** ((-2 * i) / size);
    if (scaling === undefined || scaling.type === 'dynamic') return frequency;
    if (scaling.type === 'longrope') return frequency / (scaling.shortFactors[i] as number);
    const share = shares(i, frequency);
    return frequency * ((1 - share) / scaling.factor + share);
  });
}

/** How far a frequency keeps out of the scaling by its factor: 0 not at all, 1 altogether. */
function keptShares({ theta, size, scaling }: RotarySettings): (i: number, frequency: number) => number {
  const between = (value: number, none: number, all: number) => Math.min(1, Math.max(0, (value - none) / (all - none)));
  if (scaling?.type === 'llama3') {
    const { lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
    return (_, frequency) => between((originalPositions * frequency) / (2 * Math.PI), low, high);
  }
  if (scaling?.type === 'yarn') {
    const { fastTurns, slowTurns, truncate, originalPositions } = scaling;
    // The dimension that turns so often in the original length.
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
 * Dynamic NTK scaling, what angles are multiplied by for the sake of their text's length L: with L₀ the original
 * positions, a longer text has the base
 *
 *     theta · s^(size/(size − 2)),   s = factor · L / L₀ − (factor − 1)
 *
 * so that fᵢ is multiplied by s^(−2i/(size − 2)). L is the end of the longest answer in a group; in generation it is that
 * of the token just read, and earlier keys stay as they were turned, as in transformers. Undefined for other scalings.
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

/** The length of the text that each position belongs to, float32 [B, 1, T, 1]. */
function textLengths({ positions, groupNumbers, unread = 0 }: Places): tf.Tensor {
  const [rows, length] = positions.shape;
  const here = tf.reshape(groupNumbers ?? tf.onesLike(positions), [rows, length, 1]);
  const sameText = tf.cast(tf.equal(here, tf.reshape(here, [rows, 1, length])), 'float32'); // [B, T, T]
  const ends = tf.add(tf.reshape(tf.cast(positions, 'float32'), [rows, 1, length]), 1 + unread);
  return tf.reshape(tf.max(tf.mul(sameText, ends), 2), [rows, 1, length, 1]);
}
