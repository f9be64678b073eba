import type { Engine, Variable } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Decoder, ModelConfig, Tokens } from '../architectures/types.js';
import type { Attend } from '../blocks/packed-attention.js';
import type { AnswerStates } from '../blocks/token-divergences.js';
import type { Adapter } from '../lora/types.js';

/** A parameter by its name, inside an engine function: read from its variable, or a tensor to differentiate by. */
export type Params = (name: string) => tf.Tensor;

/** How the adapter counts, where there is one. */
export interface AdapterToggle {
  /** Whether it does. Default true; without it the model is the reference. */
  readonly adapter?: boolean | undefined;
  /** With it the adapter's dropout counts too. */
  readonly dropout?: DropoutDraw | undefined;
}

/** What the adapter's dropout draws by: elements are left out as these numbers say, wherever a position stands in a batch. */
export interface DropoutDraw {
  /** A scalar int32, another one at each training step. */
  readonly step: tf.Tensor;
  /** [B, T] int32, a number to each position from 0 to 2¹⁵ − 1. Positions of one number lose the same elements. */
  readonly numbers: tf.Tensor;
}

/** How the gradient is computed besides. */
export interface GradientOptions extends AdapterToggle {
  /** Keeps each layer's input alone for the gradient and computes the layer again there: less memory, more time. */
  readonly activationCheckpointing?: boolean | undefined;
}

interface HiddenOptions extends GradientOptions {
  /** [R] int32, whose hidden states are wanted; the same position may come several times. */
  readonly at?: tf.Tensor1D | undefined;
}

/**
 * Several sequences in packed rows, as tensors. Letters: B packed rows, T positions, R predicted tokens, S sequences. The last
 * token of an answer is a target only and takes no position. `@dpo/data`'s `pack` makes the numbers.
 */
export interface PackedInputs extends Tokens {
  /** [B, T], 0 for padding, else the number of the prompt's group in its packed row. */
  readonly groupNumbers: tf.Tensor2D;
  /** [B, T], 0 for the prompt, else the number of the answer. */
  readonly answerNumbers: tf.Tensor2D;
  /** [R] flat positions b·T + t whose hidden state predicts the target. */
  readonly predictors: tf.Tensor1D;
  /** [R] token ids. */
  readonly targets: tf.Tensor1D;
  /** [R] the sequence that the target belongs to; S where the entry only fills. */
  readonly sequence: tf.Tensor1D;
  readonly sequences: number;
}

/** Log-probabilities of tokens, and where it was asked how they compare with what the model would draw by itself. */
export interface TokenLogps {
  /** log π(y_t | x, y_<t), in nats: [R]. */
  readonly logps: tf.Tensor1D;
  /** log π(y_t) − log Σ_v π(v)², without a gradient: [R]. */
  readonly alignments?: tf.Tensor1D | undefined;
  /** The hidden states that predict the tokens, behind the final norm: [R, D]. */
  readonly states?: tf.Tensor2D | undefined;
}

/** What is computed of each token. */
export interface TokenLogpsOptions extends GradientOptions {
  /** Whether `alignments` are wanted. Default false. */
  readonly alignments?: boolean | undefined;
  /** Whether `states` are wanted, for a head beside the model's own. Default false. */
  readonly states?: boolean | undefined;
}

/**
 * A language model whose weights live in variables of an engine, in Hugging Face names and layouts.
 *
 * A reward model is one with a score head (`decoder.labels` is 1). Of an answer it says the reward: `tokenLogps` has it at the
 * answer's last token and 0 before, `sequenceLogps` has the reward itself, in no unit. The reward is read where the last token
 * would be predicted, so that answers are given with one token more than they have.
 */
export interface LanguageModel {
  readonly config: ModelConfig;
  readonly engine: Engine;
  readonly decoder: Decoder;
  /** All base weights by Hugging Face name; a tied head is not repeated. */
  readonly weights: ReadonlyMap<string, Variable>;
  readonly adapter?: Adapter | undefined;
  readonly vocabSize: number;
  /** The longest sequence that the model was made for. */
  readonly maxPositions: number;
  /** What training changes: the adapter's weights if there is one, else all. */
  trainable(): ReadonlyMap<string, Variable>;
  /** A weight's variable by name, the adapter's among them. @throws DpoError `model.unknown-tensor` */
  variable(name: string): Variable;
  /**
   * log π(y|x) of each sequence, summed over the answer's tokens, in nats: [S] float32, differentiable in what `params`
   * gives. For the body of an engine function.
   */
  sequenceLogps(params: Params, batch: PackedInputs, options?: GradientOptions): tf.Tensor1D;
  /** The same of each token: see {@link TokenLogps}. */
  tokenLogps(params: Params, batch: PackedInputs, options?: TokenLogpsOptions): TokenLogps;
  /**
   * The hidden states that predict the answers' tokens, [R, D], and what makes logits of them: for what looks at the whole
   * distribution, such as `tokenDivergences`. For the body of an engine function.
   */
  answerStates(params: Params, batch: PackedInputs, options?: GradientOptions): AnswerStates;
  /**
   * Hidden states before the final norm, [B·T, D], or with `at` those of some flat positions b·T + t alone, [R, D]: then
   * the last layer computes little for the others. For the body of an engine function.
   */
  hidden(params: Params, tokens: Tokens, attend: Attend, options?: HiddenOptions): tf.Tensor2D;
  /** Logits of hidden states, [R, D] → [R, V]. For the body of an engine function. */
  logits(params: Params, states: tf.Tensor2D, options?: AdapterToggle): tf.Tensor2D;
  /** Calls back when the model is disposed of, for what was compiled for it. */
  onDispose(callback: () => void): void;
  /** Frees weights, adapter and what was compiled for the model. */
  dispose(): void;
}
