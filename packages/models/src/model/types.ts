import type { Engine, Variable } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Decoder, ModelConfig, Tokens } from '../architectures/types.js';
import type { Attend } from '../blocks/packed-attention.js';
import type { AnswerStates } from '../blocks/token-divergences.js';
import type { Adapter } from '../lora/types.js';

/** A parameter by its name, inside an engine function: the value of its variable, or a tensor to differentiate by. */
export type Params = (name: string) => tf.Tensor;

/** How the model's adapter takes part, if the model has one. */
export interface AdapterToggle {
  /** Whether the adapter takes part. Default true; without its adapter the model is the reference. */
  readonly adapter?: boolean | undefined;
  /** The adapter's dropout. Default none. */
  readonly dropout?: DropoutDraw | undefined;
}

/** What the adapter's dropout depends on. It does not depend on where a position stands in a batch. */
export interface DropoutDraw {
  /** A scalar int32, another number at each training step. */
  readonly step: tf.Tensor;
  /** [B, T] int32: a number from 0 to 2¹⁵ − 1 for each position. Positions with the same number lose the same elements. */
  readonly numbers: tf.Tensor;
}

/** How the model and its gradient are computed. */
export interface GradientOptions extends AdapterToggle {
  /**
   * Recomputation: keeps each layer's input alone and computes the layer again for its gradient. Less memory, more time. Default
   * false.
   */
  readonly activationCheckpointing?: boolean | undefined;
}

interface HiddenOptions extends GradientOptions {
  /** [R] int32: the flat positions b·T + t whose hidden states are returned; repetitions are allowed. Default all. */
  readonly at?: tf.Tensor1D | undefined;
}

/**
 * A packed batch as tensors, all int32. Letters: B packed rows, T positions, R targets, S sequences. The last token of an answer
 * is a target only and has no position. `pack` of `@dpo/base/packing` makes the numbers.
 */
export interface PackedInputs extends Tokens {
  /** [B, T], 0 for padding, else the number of the prompt group in its packed row. */
  readonly groupNumbers: tf.Tensor2D;
  /** [B, T], 0 for the prompt, else the number of the answer. */
  readonly answerNumbers: tf.Tensor2D;
  /** [R], the flat position b·T + t whose hidden state predicts the target. */
  readonly predictors: tf.Tensor1D;
  /** [R], token ids. */
  readonly targets: tf.Tensor1D;
  /** [R], the sequence that the target belongs to; S for an entry that only fills. */
  readonly sequence: tf.Tensor1D;
  /** S */
  readonly sequences: number;
}

/** Log-probabilities of tokens, and further results that the options ask for. */
export interface TokenLogps {
  /** log π(y_t | x, y_<t), in nats: [R]. */
  readonly logps: tf.Tensor1D;
  /** log π(y_t) − log Σ_v π(v)², how the token compares with what the model would draw, without a gradient: [R]. */
  readonly alignments?: tf.Tensor1D | undefined;
  /** The hidden states that predict the tokens, behind the final norm: [R, D]. */
  readonly states?: tf.Tensor2D | undefined;
}

/** What is computed of each token. */
export interface TokenLogpsOptions extends GradientOptions {
  /** Whether the result has `alignments`. Default false. */
  readonly alignments?: boolean | undefined;
  /** Whether the result has `states`, for a head beside the model's own. Default false. */
  readonly states?: boolean | undefined;
}

/**
 * A language model whose weights live in variables of an engine, in Hugging Face names and layouts.
 *
 * A reward model is a language model with a score head (`decoder.labels` is 1). It computes rewards of answers, in no unit:
 * `tokenLogps` returns the reward at the answer's last token and 0 before, `sequenceLogps` returns the reward itself. The reward
 * is computed at the predictor of the last token, so answers must be packed with one token more than they have.
 */
export interface LanguageModel {
  readonly config: ModelConfig;
  readonly engine: Engine;
  readonly decoder: Decoder;
  /** All base weights by Hugging Face name; a tied head is not repeated. */
  readonly weights: ReadonlyMap<string, Variable>;
  readonly adapter?: Adapter | undefined;
  readonly vocabSize: number;
  /** The longest text that the model reads, in tokens. */
  readonly maxPositions: number;
  /** The weights that training changes: the adapter's if there is one, else all. */
  trainable(): ReadonlyMap<string, Variable>;
  /** The variable of a weight, the adapter's weights included. @throws {DpoError} `model.unknown-tensor` */
  variable(name: string): Variable;
  /**
   * log π(y|x) of each sequence, summed over the answer's tokens, in nats: [S] float32, differentiable in what `params`
   * gives. For the body of an engine function.
   */
  sequenceLogps(params: Params, batch: PackedInputs, options?: GradientOptions): tf.Tensor1D;
  /** Log-probabilities of each target: see {@link TokenLogps}. For the body of an engine function. */
  tokenLogps(params: Params, batch: PackedInputs, options?: TokenLogpsOptions): TokenLogps;
  /**
   * The hidden states that predict the answers' tokens, [R, D], and the head that turns them into logits, for functions of the
   * whole distribution such as `tokenDivergences`. For the body of an engine function.
   */
  answerStates(params: Params, batch: PackedInputs, options?: GradientOptions): AnswerStates;
  /**
   * Hidden states before the final norm: [B·T, D], or with `at` the hidden states of those positions alone, [R, D]. With `at`
   * the last layer computes little for the other positions. For the body of an engine function.
   */
  hidden(params: Params, tokens: Tokens, attend: Attend, options?: HiddenOptions): tf.Tensor2D;
  /** Logits of hidden states, [R, D] → [R, V]. For the body of an engine function. */
  logits(params: Params, states: tf.Tensor2D, options?: AdapterToggle): tf.Tensor2D;
  /** Registers a callback for when the model is disposed of, which frees functions that were compiled for the model. */
  onDispose(callback: () => void): void;
  /** Frees the weights, the adapter and the functions that were compiled for the model. */
  dispose(): void;
}
