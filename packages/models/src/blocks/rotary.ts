import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './_with-gradient.js';

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

/** Ways to stretch the positions that a model was trained on. */
export type RotaryScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | { readonly type: 'dynamic'; readonly factor: number; readonly originalPositions: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    };

/** Cosine and sine of each position's angles, [B, 1, T, size / 2], and which dimensions they turn. */
export interface Rotation {
  readonly cos: tf.Tensor4D;
  readonly sin: tf.Tensor4D;
  readonly pairs?: RotarySettings['pairs'];
}

/** What rotations are computed for, [B, T] int32: positions, and which of them belong to the same text (default a row). */
interface Places {
  readonly positions: tf.Tensor2D;
  readonly groups?: tf.Tensor2D | undefined;
}

/**
 * Angle per position of each pair of dimensions, in radians: fᵢ = theta^(−2i/size), i = 0 … size/2 − 1, rescaled as the
 * settings say.
 *
 * `linear` divides all by the factor; `llama3` only those whose wavelength is long beside the positions trained on,
 * with a smooth passage (transformers, `modeling_rope_utils.py`); `dynamic` changes nothing up to the original length.
 */
export function rotaryFrequencies({ theta, size, scaling }: RotarySettings): Float32Array {
  return Float32Array.from({ length: size / 2 }, (_, i) => {
    const frequency = theta ** ((-2 * i) / size);
    if (scaling === undefined || scaling.type === 'dynamic') return frequency;
    if (scaling.type === 'linear') return frequency / scaling.factor;
    const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
    const turns = (originalPositions * frequency) / (2 * Math.PI);
    const smooth = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return frequency * ((1 - smooth) / factor + smooth);
  });
}

/** The rotation for positions [B, T]: computed once in a forward pass, used by all layers. */
export function rotation(places: Places, settings: RotarySettings): Rotation {
  const { positions } = places;
  const [rows, length] = positions.shape;
  const at = tf.reshape(tf.cast(positions, 'float32'), [rows, 1, length, 1]);
  const plain = tf.mul(at, tf.tensor1d(rotaryFrequencies(settings))); // [B, 1, T, size / 2]
  const angles = settings.scaling?.type === 'dynamic' ? tf.mul(plain, dynamicFactors(places, settings)) : plain;
  return {
    cos: tf.cos<tf.Tensor4D>(angles as tf.Tensor4D),
    sin: tf.sin<tf.Tensor4D>(angles as tf.Tensor4D),
    pairs: settings.pairs,
  };
}

/**
 * Dynamic NTK scaling: a text of L > L₀ tokens, L₀ the original positions, has the base
 *
 *     theta · s^(size/(size − 2)),   s = factor · L / L₀ − (factor − 1)
 *
 * so that fᵢ is multiplied by s^(−2i/(size − 2)). L is the longest answer's end in a group, the token just read in
 * generation (whose earlier keys stay as they were turned), as in transformers for one sequence at a time.
 *
 * @returns [B, 1, T, size / 2]
 */
function dynamicFactors({ positions, groups }: Places, { size, scaling }: RotarySettings): tf.Tensor {
  if (scaling?.type !== 'dynamic') throw new TypeError('the scaling is not dynamic');
  const [rows, length] = positions.shape;
  const { factor, originalPositions } = scaling;
  const here = tf.reshape(groups ?? tf.onesLike(positions), [rows, length, 1]);
  const there = tf.reshape(here, [rows, 1, length]);
  const sameText = tf.cast(tf.equal(here, there), 'float32'); // [B, T, T]
  const last = tf.max(tf.mul(sameText, tf.reshape(tf.cast(positions, 'float32'), [rows, 1, length])), 2); // [B, T]
  const stretch = tf.sub(tf.mul(tf.add(last, 1), factor / originalPositions), factor - 1);
  const logs = tf.log(tf.maximum(stretch, 1)); // 0 within the original length
  const powers = Float32Array.from({ length: size / 2 }, (_, i) => (-2 * i) / (size - 2));
  return tf.exp(tf.mul(tf.reshape(logs, [rows, 1, length, 1]), tf.tensor1d(powers)));
}

/**
 * Rotates queries or keys by their positions (arXiv 2104.09864): with the dimensions that turn together in halves a, b,
 *
 *     y = [a cos − b sin, b cos + a sin]
 *
 * and dimensions beyond those of the rotation as they were. Neighbours are brought into halves first and stay so: queries
 * and keys are reordered alike, which changes none of their products. The gradient is the rotation back.
 *
 * @param x [B, H, T, headSize]
 */
export function rotate(x: tf.Tensor4D, { cos, sin, pairs }: Rotation): tf.Tensor4D {
  const [size, headSize] = [2 * cos.shape[3], x.shape[3]];
  const [first, rest] =
    size === headSize ? [x] : (tf.split(x, [size, headSize - size], -1) as [tf.Tensor4D, tf.Tensor4D]);
  const turned = turnHalves(pairs === 'neighbours' ? neighboursToHalves(first) : first, cos, sin);
  return rest === undefined ? turned : tf.concat([turned, rest], -1);
}

function turnHalves(x: tf.Tensor4D, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor4D {
  return withGradient(
    [x],
    () => ({ value: turn(x, cos, sin), saved: [cos, sin] }),
    (dy, [cos, sin]) => [turn(dy, cos as tf.Tensor, tf.neg(sin as tf.Tensor))],
  ) as tf.Tensor4D;
}

function turn(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  const [a, b] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
  return tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
}

/** Dimensions 0, 1, 2, 3, … in the order 0, 2, …, 1, 3, … */
function neighboursToHalves(x: tf.Tensor4D): tf.Tensor4D {
  const [rows, heads, length, size] = x.shape;
  const columns = tf.transpose(tf.reshape(x, [rows * heads * length, size / 2, 2]), [0, 2, 1]);
  return tf.reshape(columns, [rows, heads, length, size]);
}
