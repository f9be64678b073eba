import type * as tf from '@tensorflow/tfjs-core';
import type { LinearLayers } from '../blocks/linear-layers.js';
import type { Attend } from '../blocks/packed-attention.js';

/** The part of a model's configuration that all architectures have. */
export interface ModelConfig {
  /** `model_type` of the configuration: `gpt2`, `llama`, … */
  readonly modelType: string;
  /** D, the size of hidden states. */
  readonly width: number;
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Heads of keys and values: as many as query heads, or fewer, each shared by several. */
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** V, how many tokens the embedding has. */
  readonly vocabSize: number;
  /** The longest text that the model reads, in tokens. */
  readonly maxPositions: number;
  /** Whether the unembedding is the embedding. */
  readonly tiedHead: boolean;
  /** The original config.json. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** A weight as the configuration describes it. */
export interface WeightSpec {
  readonly shape: readonly number[];
  /** Linear layers can be adapted; embeddings and vectors (norms, biases) cannot. */
  readonly kind: 'embedding' | 'linear' | 'vector';
  /** The layer that the weight belongs to, from 0; undefined for weights before and after the layers. */
  readonly layer?: number | undefined;
  /** How a new model begins: a constant, or normal numbers of this standard deviation. */
  readonly initial: { readonly value: number } | { readonly deviation: number };
}

/** The functions that a forward pass is built from. Letters: B packed rows, T positions, H heads, KV key-value heads, D width. */
interface Computation extends LinearLayers {
  /** A weight by its full name. */
  weight(name: string): tf.Tensor;
  /** Attention of a layer. */
  readonly attend: Attend;
  /**
   * The positions of x [B·T, n] that a layer computes on after attention. They are all positions, but in the last layer only
   * the positions that the caller reads: what follows attention mixes no positions.
   */
  selectPositions(layer: number, x: tf.Tensor2D): tf.Tensor2D;
  /**
   * compute(layer, x), a whole layer. Recomputation calls `compute` a second time for the gradient, so `compute` may use no
   * tensor from outside but x, the tokens, and tensors that the other members of this object return.
   */
  block(compute: (layer: number, x: tf.Tensor2D) => tf.Tensor2D, layer: number, x: tf.Tensor2D): tf.Tensor2D;
}

/** Tokens in packed rows, [B, T] int32. In generation, B sequences of one position each. */
export interface Tokens {
  readonly ids: tf.Tensor2D;
  /** Positions in the text, not in the packed row. */
  readonly positions: tf.Tensor2D;
  /** 0 for padding, else the number of the prompt group in the packed row. Absent when a packed row is one text. */
  readonly groupNumbers?: tf.Tensor2D | undefined;
  /** How many tokens of each text are missing at its end: 1 when an answer's last token is a target only. Default 0. */
  readonly unread?: number | undefined;
}

/** A decoder as its configuration describes it: names and shapes of weights, and the computation, without any numbers. */
export interface Decoder {
  readonly config: ModelConfig;
  /** All weights by Hugging Face name, in the order in which they are saved. A tied head is not among them. */
  readonly weights: ReadonlyMap<string, WeightSpec>;
  /** How linear layers are stored: Linear as [out, in], GPT-2's Conv1D as [in, out]. */
  readonly linearLayout: 'out-in' | 'in-out';
  /** The weight that turns hidden states into logits, [V, D]. */
  readonly unembedding: string;
  /** The name of an untied head's weight. */
  readonly head: string;
  /** Other names of the head's weight in files. */
  readonly headAliases?: readonly string[] | undefined;
  /** The head's name in transformers' model and in adapters, when files of models have another name. Default `head`. */
  readonly headInModel?: string | undefined;
  /** The name of a bias that is added to the logits, [V]. Default none. */
  readonly logitBias?: string | undefined;
  /** The bound of the logits: cap · tanh(logit / cap). Default none. */
  readonly logitCap?: number | undefined;
  /** How many labels a score head in place of the unembedding scores: see `withScoreHead`. Default: there is no score head. */
  readonly labels?: number | undefined;
  /** The beginning of all weights' names but the head's. Files of the bare decoder leave it out. */
  readonly prefix: string;
  /** True for a constant that files may hold besides the weights. */
  isExtra(name: string): boolean;
  /** Hidden states before the final norm: [B·T, D], or [R, D] of the positions that `selectPositions` returns. */
  hidden(tokens: Tokens, computation: Computation): tf.Tensor2D;
  /** The final norm of hidden states, [R, D]. */
  finalNorm(states: tf.Tensor2D, computation: Pick<Computation, 'weight'>): tf.Tensor2D;
}
