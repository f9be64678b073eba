import type * as tf from '@tensorflow/tfjs-core';
import type { Attend } from '../blocks/packed-attention.js';

/** A model's configuration, as far as all architectures have it. */
export interface ModelConfig {
  /** `model_type` of the configuration: `gpt2`, `llama`, … */
  readonly modelType: string;
  readonly width: number;
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Heads of keys and values: as many as query heads, or fewer, each shared by several. */
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly vocabSize: number;
  /** The longest sequence that the model was made for. */
  readonly maxPositions: number;
  /** Whether the unembedding is the embedding. */
  readonly tiedHead: boolean;
  /** The original config.json. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** What is known of a weight from the configuration alone. */
export interface WeightSpec {
  readonly shape: readonly number[];
  /** Linear layers can be adapted; embeddings and vectors (norms, biases) cannot. */
  readonly kind: 'embedding' | 'linear' | 'vector';
  /** The layer that the weight belongs to, from 0; undefined for what stands before and after the layers. */
  readonly layer?: number | undefined;
  /** How a new model begins: a constant, or normal numbers of this standard deviation. */
  readonly initial: { readonly value: number } | { readonly deviation: number };
}

/** What a forward pass computes with. Letters: B packed rows, T positions, H heads, KV key-value heads, D width, V vocabulary. */
interface Computation {
  /** A weight by its full name. */
  weight(name: string): tf.Tensor;
  /** A linear layer by its name without `.weight`, with its bias and its adapter: [n, in] → [n, out]. */
  linear(x: tf.Tensor2D, layer: string): tf.Tensor2D;
  readonly attend: Attend;
  /**
   * The positions of x [B·T, n] that a layer goes on with once its keys and values are known: all of them, but in the last
   * layer only the ones that were asked for, since what follows attention mixes no positions.
   */
  needed(layer: number, x: tf.Tensor2D): tf.Tensor2D;
  /**
   * compute(layer, x), a whole layer. It may be computed a second time for its gradient (activation checkpointing), so
   * that it uses no tensor made outside it, but for x, what the other members of this object give, and the tokens.
   */
  block(compute: (layer: number, x: tf.Tensor2D) => tf.Tensor2D, layer: number, x: tf.Tensor2D): tf.Tensor2D;
}

/** Tokens in packed rows, [B, T] int32. */
export interface Tokens {
  readonly ids: tf.Tensor2D;
  readonly positions: tf.Tensor2D;
  /** 0 for padding, else the number of the prompt and its answers in the packed row. Absent when a packed row is one text. */
  readonly groupNumbers?: tf.Tensor2D | undefined;
  /** How many tokens of each text come after those in the packed rows: 1 when an answer's last token is a target only. Default 0. */
  readonly unread?: number | undefined;
}

/** A decoder as its configuration describes it: names and shapes of weights, and the computation. It holds no numbers. */
export interface Decoder {
  readonly config: ModelConfig;
  /** All weights by Hugging Face name, in the order in which they are written. A tied head is not among them. */
  readonly weights: ReadonlyMap<string, WeightSpec>;
  /** How linear layers are stored: Linear as [out, in], GPT-2's Conv1D as [in, out]. */
  readonly linearLayout: 'out-in' | 'in-out';
  /** The weight that turns hidden states into logits, [V, D]. */
  readonly unembedding: string;
  /** What the unembedding is called where it is a weight of its own: that of an untied head. */
  readonly head: string;
  /** What files may call the head besides. */
  readonly headAliases?: readonly string[] | undefined;
  /** What the head is called in transformers' model, where files of models call it otherwise: adapters name it so. */
  readonly headInModel?: string | undefined;
  /** The name of what is added to the logits, [V]. */
  readonly logitBias?: string | undefined;
  /** Keeps logits within ± this: cap · tanh(logit / cap). */
  readonly logitCap?: number | undefined;
  /** How many labels the head scores, where it stands in place of the unembedding: see `withScoreHead`. */
  readonly labels?: number | undefined;
  /** What stands before the names of all weights but the head's; files made of the bare decoder leave it out. */
  readonly prefix: string;
  /** True for a tensor that files may hold besides the weights: a constant. */
  isExtra(name: string): boolean;
  /** Hidden states before the final norm, [B·T, D], or of the positions that `needed` leaves. */
  hidden(tokens: Tokens, computation: Computation): tf.Tensor2D;
  /** The final norm of hidden states, [R, D]. */
  finalNorm(states: tf.Tensor2D, computation: Pick<Computation, 'weight'>): tf.Tensor2D;
}
