import type * as tf from '@tensorflow/tfjs-core';

/** Texts in rows, padded on the right. Letters: B rows, T positions, N labels. */
export interface TextRows {
  /** [B, T] int32 token ids; what fills a row up is the padding token. */
  readonly ids: tf.Tensor2D;
  /** [B, T] int32 */
  readonly positions: tf.Tensor2D;
  /** [B, T] int32, 1 for the text, 0 for padding. */
  readonly mask: tf.Tensor2D;
  /** [B] int32, the flat position b·T + t of the token whose hidden state tells the label. */
  readonly deciding: tf.Tensor1D;
}

/** A text classifier as its configuration describes it: names and shapes of weights, and the computation. */
export interface TextNetwork {
  readonly modelType: string;
  /** All weights by Hugging Face name. */
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** What stands before the names of all weights but the head's. */
  readonly prefix: string;
  /** True for a tensor that files may hold besides the weights. */
  isExtra(name: string): boolean;
  readonly vocabSize: number;
  /** The longest text, in tokens. */
  readonly maxTokens: number;
  /** What fills rows up. Without one any token does, since it is not seen. */
  readonly padTokenId: number | undefined;
  /** The position of each token of a text. */
  positions(ids: readonly number[]): readonly number[];
  /** The place of the token whose hidden state tells the label. */
  deciding(ids: readonly number[]): number;
  /** [B, N]. For the body of an engine function. */
  logits(rows: TextRows, weight: (name: string) => tf.Tensor): tf.Tensor2D;
}
