import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './_with-gradient.js';

/** How the angles of rotary positions grow with the position, from a model's configuration. */
export interface RotarySettings {
  /** Base of the wavelengths: 2π · theta^(2i/headSize). */
  readonly theta: number;
  readonly headSize: number;
  readonly scaling?: RotaryScaling | undefined;
}

/** Ways to stretch the positions that a model was trained on. */
export type RotaryScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    };

/** Cosine and sine of each position's angles, [B, 1, T, headSize / 2]. */
export interface Rotation {
  readonly cos: tf.Tensor4D;
  readonly sin: tf.Tensor4D;
}

/**
 * Angle per position of each pair of dimensions, in radians: fᵢ = theta^(−2i/headSize), i = 0 … headSize/2 − 1,
 * rescaled as the settings say.
 *
 * `linear` divides all by the factor; `llama3` only those whose wavelength is long beside the positions trained on,
 * with a smooth passage (transformers, `modeling_rope_utils.py`).
 */
export function rotaryFrequencies({ theta, headSize, scaling }: RotarySettings): Float32Array {
  return Float32Array.from({ length: headSize / 2 }, (_, i) => {
    const frequency = theta ** ((-2 * i) / headSize);
    if (scaling === undefined) return frequency;
    if (scaling.type === 'linear') return frequency / scaling.factor;
    const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
    const turns = (originalPositions * frequency) / (2 * Math.PI);
    const smooth = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return frequency * ((1 - smooth) / factor + smooth);
  });
}

/** The rotation for positions [B, T]: computed once in a forward pass, used by all layers. */
export function rotation(positions: tf.Tensor2D, settings: RotarySettings): Rotation {
  const [rows, length] = positions.shape;
  const at = tf.reshape(tf.cast(positions, 'float32'), [rows, 1, length, 1]);
  const angles = tf.mul(at, tf.tensor1d(rotaryFrequencies(settings))); // [B, 1, T, headSize / 2]
  return { cos: tf.cos<tf.Tensor4D>(angles as tf.Tensor4D), sin: tf.sin<tf.Tensor4D>(angles as tf.Tensor4D) };
}

/**
 * Rotates queries or keys by their positions (arXiv 2104.09864, in the half-and-half layout of Hugging Face): with x in
 * halves a and b,
 *
 *     y = [a cos − b sin, b cos + a sin]
 *
 * The gradient is the rotation back.
 *
 * @param x [B, H, T, headSize]
 */
export function rotate(x: tf.Tensor4D, { cos, sin }: Rotation): tf.Tensor4D {
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
