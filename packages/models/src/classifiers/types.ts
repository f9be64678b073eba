import type * as tf from '@tensorflow/tfjs-core';

/** A batch of texts, padded on the right. Letters: B texts, T positions, N labels. */
export interface TextBatch {
  /** [B, T] int32 token ids, padding tokens behind each text. */
  readonly ids: tf.Tensor2D;
  /** [B, T] int32, positions as the network counts them. */
  readonly positions: tf.Tensor2D;
  /** [B, T] int32, 1 for the text, 0 for padding. */
  readonly mask: tf.Tensor2D;
  /** [B] int32, the flat place b·T + t of the token whose hidden state decides about the label. */
  readonly deciding: tf.Tensor1D;
}

/** A text classifier as its configuration describes it: names and shapes of weights, and the computation. */
export interface TextNetwork {
  readonly modelType: string;
  /** All weights by Hugging Face name. */
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** The beginning of all weights' names but the head's. */
  readonly prefix: string;
  /** True for a tensor that files may hold besides the weights. */
  isExtra(name: string): boolean;
  readonly vocabSize: number;
  /** The longest text, in tokens. */
  readonly maxTokens: number;
  /** The padding token. When it is undefined, any token serves, since no token sees padding. */
  readonly padTokenId: number | undefined;
  /** The position of each token of a text. */
  positions(ids: readonly number[]): readonly number[];
  /** The place of the token whose hidden state decides about the label. */
  deciding(ids: readonly number[]): number;
  /** Logits, [B, N]. For the body of an engine function. */
  logits(batch: TextBatch, weight: (name: string) => tf.Tensor): tf.Tensor2D;
}
