import * as tf from '@tensorflow/tfjs-core';

/** Added to a score to hide a position: e to this power is 0, and it stays finite in every precision. */
const HIDDEN = -1e9;

/** Where several prompts and their answers stand in packed rows. */
export interface PackedLayout {
  readonly groupNumbers: tf.Tensor2D;
  readonly answerNumbers: tf.Tensor2D;
  readonly positions: tf.Tensor2D;
}

/**
 * What is added to attention scores so that a packed row can hold several prompts, and a prompt several answers, none of which
 * see each other: 0 where position i may look at j, a large negative number elsewhere. i sees itself, and j < i where
 * both belong to the same group, j being of the prompt or of i's own answer. Padding sees itself alone. With a window of
 * n, i sees no j whose position is n or more before its own: positions are those in the text, not in the packed row.
 *
 * @param layout.groupNumbers [B, T], 0 for padding, else the number of the group in its packed row
 * @param layout.answerNumbers [B, T], 0 for the prompt, else the number of the answer
 * @param layout.positions [B, T]
 * @returns [B, 1, T, T], row i, column j
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
  const open = tf.logicalOr(
    tf.equal(atKey(answerNumbers), zero),
    tf.equal(atQuery(answerNumbers), atKey(answerNumbers)),
  );
  const earlier = tf.less(atKey(place), atQuery(place));
  const connected = tf.logicalAnd(earlier, tf.logicalAnd(sameGroup, open));
  const near =
    window === undefined ? connected : tf.logicalAnd(connected, within(atQuery(positions), atKey(positions), window));
  const seen = tf.logicalOr(tf.equal(atKey(place), atQuery(place)), near); // [B, T, T]
  return tf.reshape(hide(seen), [packedRows, 1, length, length]);
}

/** True where the key's position is less than `window` before the query's. */
export function within(query: tf.Tensor, key: tf.Tensor, window: number): tf.Tensor {
  return tf.less(tf.sub(query, key), tf.scalar(window, 'int32'));
}

/** 0 where `seen` is true, else a large negative number. */
export function hide(seen: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sub(1, tf.cast(seen, 'float32')), HIDDEN);
}
