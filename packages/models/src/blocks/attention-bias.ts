import * as tf from '@tensorflow/tfjs-core';

/** The bias that hides a position: e to this power is 0, and the number is finite in every precision. */
const HIDDEN = -1e9;

/** Where several prompts and their answers stand in packed rows. */
export interface PackedLayout {
  /** [B, T] int32: 0 for padding, else the number of the prompt group in its packed row. */
  readonly groupNumbers: tf.Tensor2D;
  /** [B, T] int32: 0 for the prompt, else the number of the answer. */
  readonly answerNumbers: tf.Tensor2D;
  /** [B, T] int32: positions in the text, not in the packed row. */
  readonly positions: tf.Tensor2D;
}

/**
 * The bias of attention scores in packed rows: 0 where position i sees position j, a large negative number elsewhere. With the
 * bias a packed row can hold several prompts, and a prompt several answers, none of which see each other.
 *
 * Position i sees itself. It sees j < i when both belong to the same group and j belongs to the prompt or to i's own answer.
 * Padding sees itself alone. With a window of n, i sees no j whose text position is n or more before the text position of i.
 *
 * @param window how many positions of the text a position sees, its own included; all when undefined
 * @returns [B, 1, T, T]: i along the third axis, j along the fourth
 */
export function attentionBias({ groupNumbers, answerNumbers, positions }: PackedLayout, window?: number): tf.Tensor4D {
  const [packedRows, length] = groupNumbers.shape;
  const atQuery = (x: tf.Tensor) => tf.reshape(x, [-1, length, 1]); // i
  const atKey = (x: tf.Tensor) => tf.reshape(x, [-1, 1, length]); // j
  const place = tf.range(0, length, 1, 'int32');
  const zero = tf.scalar(0, 'int32');
  const sameGroup = tf.logicalAnd(
    tf.equal(atQuery(groupNumbers), atKey(groupNumbers)),
    tf.notEqual(atKey(groupNumbers), zero),
  );
  const ofPromptOrSameAnswer = tf.logicalOr(
    tf.equal(atKey(answerNumbers), zero),
    tf.equal(atQuery(answerNumbers), atKey(answerNumbers)),
  );
  const earlier = tf.less(atKey(place), atQuery(place));
  const connected = tf.logicalAnd(earlier, tf.logicalAnd(sameGroup, ofPromptOrSameAnswer));
  const near =
    window === undefined ? connected : tf.logicalAnd(connected, within(atQuery(positions), atKey(positions), window));
  const visible = tf.logicalOr(tf.equal(atKey(place), atQuery(place)), near); // [B, T, T]
  return tf.reshape(visibilityBias(visible), [packedRows, 1, length, length]);
}

/** True where the key's position is less than `window` before the query's position. */
function within(query: tf.Tensor, key: tf.Tensor, window: number): tf.Tensor {
  return tf.less(tf.sub(query, key), tf.scalar(window, 'int32'));
}

/** 0 where `visible` is true, a large negative number elsewhere. */
export function visibilityBias(visible: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sub(1, tf.cast(visible, 'float32')), HIDDEN);
}
