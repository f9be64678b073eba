import * as tf from '@tensorflow/tfjs-core';
import { lengthFactors, type Places, type RotarySettings, rotaryFrequencies } from './rotary-frequencies.js';
import { withGradient } from './with-gradient.js';

/** The cosine and sine of each position's angles, [B, 1, T, size / 2], and which dimensions turn together. */
export interface Rotation {
  readonly cos: tf.Tensor4D;
  readonly sin: tf.Tensor4D;
  readonly pairs?: RotarySettings['pairs'];
}

/** The rotation of tokens at given places. */
export function rotation(places: Places, settings: RotarySettings): Rotation {
  const { positions } = places;
  const [packedRows, length] = positions.shape;
  const at = tf.reshape(tf.cast(positions, 'float32'), [packedRows, 1, length, 1]);
  const plain = tf.mul(at, tf.tensor1d(rotaryFrequencies(settings))); // [B, 1, T, size / 2]
  const factors = lengthFactors(places, settings);
  const angles = (factors === undefined ? plain : tf.mul(plain, factors)) as tf.Tensor4D;
  const amplitude = settings.scaling !== undefined && 'amplitude' in settings.scaling ? settings.scaling.amplitude : 1;
  const amplify = (x: tf.Tensor4D) => (amplitude === 1 ? x : tf.mul<tf.Tensor4D>(x, amplitude));
  return { cos: amplify(tf.cos(angles)), sin: amplify(tf.sin(angles)), pairs: settings.pairs };
}

/**
 * Rotates queries or keys by their positions (arXiv 2104.09864). With the rotated dimensions in halves a and b,
 *
 *     y = [a cos − b sin, b cos + a sin]
 *
 * Dimensions beyond the rotation's size stay as they are. Neighbours are first brought into halves and stay there: queries and
 * keys are reordered alike, which changes none of their products. The gradient is rotated back by the same angles, and
 * multiplied by the same amplitude.
 *
 * @param x [B, H, T, headSize]
 * @returns [B, H, T, headSize]
 */
export function rotate(x: tf.Tensor4D, { cos, sin, pairs }: Rotation): tf.Tensor4D {
  const [size, headSize] = [2 * cos.shape[3], x.shape[3]];
  const [first, rest] =
    size === headSize ? [x] : (tf.split(x, [size, headSize - size], -1) as [tf.Tensor4D, tf.Tensor4D]);
  const rotatedPart = turnHalves(pairs === 'neighbours' ? neighboursToHalves(first) : first, cos, sin);
  return rest === undefined ? rotatedPart : tf.concat([rotatedPart, rest], -1);
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
  const size = x.shape[3];
  const columns = tf.transpose(tf.reshape(x, [x.size / size, size / 2, 2]), [0, 2, 1]);
  return tf.reshape(columns, x.shape);
}
