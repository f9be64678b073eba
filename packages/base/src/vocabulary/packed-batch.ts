/**
 * Token sequences laid out in B packed rows of T positions, each prompt written once and followed by all of its answers.
 * Position i sees position j iff j ≤ i, both are in the same group, and j belongs to the prompt or to i's answer; a
 * padding position sees itself alone. `pack` of `@dpo/data` makes packed batches.
 */
export interface PackedBatch {
  /** B. */
  readonly packedRows: number;
  /** T. */
  readonly length: number;
  /** R, the number of targets, padding entries included. */
  readonly tokens: number;
  /** S = groups × K. */
  readonly sequences: number;
  /** [B·T] token ids, without the last token of each answer, which predicts no token; 0 in padding. */
  readonly ids: Int32Array;
  /** [B·T] position within the sequence; every answer starts at its prompt's length. 0 in padding. */
  readonly positions: Int32Array;
  /** [B·T] 0 = padding, else 1, 2, … within the packed row. */
  readonly groupNumbers: Int32Array;
  /** [B·T] 0 = prompt (and padding), else 1 … K. */
  readonly answerNumbers: Int32Array;
  /** [R] flat index b·T + t of the position whose logits predict the target; 0 in padding entries. */
  readonly predictors: Int32Array;
  /** [R] token id that is predicted; 0 in padding entries. */
  readonly targets: Int32Array;
  /**
   * [R] the number of the target's sequence: answer a of group g is sequence g·K + a. S in padding entries. The targets of a
   * sequence stand one after another.
   */
  readonly sequence: Int32Array;
  /** [S] answer tokens of each sequence. */
  readonly lengths: Int32Array;
  /** Positions with a token / (B·T), in (0, 1]. */
  readonly fill: number;
}
