import * as tf from '@tensorflow/tfjs-core';
import { lengthFactors, type Places, type RotarySettings, rotaryFrequencies } from './rotary-frequencies.js';
import { withGradient } from './with-gradient.js';

/** Cosine and sine of each position's angles, [B, 1, T, size / 2], and which dimensions they turn. */
export interface Rotation {
  readonly cos: tf.Tensor4D;
  readonly sin: tf.Tensor4D;
  readonly pairs?: RotarySettings['pairs'];
}

/** The rotation for positions [B, T]. */
export function rotation(places: Places, settings: RotarySettings): Rotation {
  const { positions } = places;
  const [rows, length] = positions.shape;
  const at = tf.reshape(tf.cast(positions, 'float32'), [rows, 1, length, 1]);
  const plain = tf.mul(at, tf.tensor1d(rotaryFrequencies(settings))); // [B, 1, T, size / 2]
  const factors = lengthFactors(places, settings);
  const angles = (factors === undefined ? plain : tf.mul(plain, factors)) as tf.Tensor4D;
  const amplitude = settings.scaling !== undefined && 'amplitude' in settings.scaling ? settings.scaling.amplitude : 1;
  const lengthened = (x: tf.Tensor4D) => (amplitude === 1 ? x : tf.mul<tf.Tensor4D>(x, amplitude));
  return { cos: lengthened(tf.cos(angles)), sin: lengthened(tf.sin(angles)), pairs: settings.pairs };
}

/**
 * Rotates queries or keys by their positions (arXiv 2104.09864): with the dimensions that turn together in halves a, b,
 *
 *     y = [a cos − b sin, b cos + a sin]
 *
 * and dimensions beyond those of the rotation as they were. Neighbours are brought into halves first and stay so: queries
 * and keys are reordered alike, which changes none of their products. The gradient is the rotation back, of the same length.
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
