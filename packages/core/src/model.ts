import type { Engine, Scope, Variable } from '@dpo/engine';
import type { AnswerStates, DropoutDraw, PackedInputs, TokenLogps } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';

/** How a model computes log-probabilities. */
export interface ScoringOptions {
  /** False computes without the adapter. Default: true. */
  readonly adapter?: boolean | undefined;
  /** True computes `alignments` too. Default: false. */
  readonly alignments?: boolean | undefined;
  /** True returns the hidden `states` too. Default: false. */
  readonly states?: boolean | undefined;
  /** The draw of the adapter's dropout. Default: nothing is dropped. */
  readonly dropout?: DropoutDraw | undefined;
  /** True computes each layer again for its gradient, instead of keeping the layer's intermediate results. Default: false. */
  readonly activationCheckpointing?: boolean | undefined;
}

/** The part of a language model that scoring needs; a `LanguageModel` of `@dpo/models` has all of it. */
export interface ScoringModel {
  readonly engine: Engine;
  readonly weights: ReadonlyMap<string, Variable>;
  /** The longest text that the model reads, in tokens. Default: any. */
  readonly maxPositions?: number | undefined;
  readonly adapter?: { readonly weights: ReadonlyMap<string, Variable>; readonly dropout: number } | undefined;
  /**
   * A number to each predicted token of a batch, [R], differentiable by the tensors of `params`. Methods compute with the sum over
   * an answer: log π(y|x) of a language model, r(x, y) of a reward model, whose numbers are 0 but at the answer's last token.
   */
  tokenLogps(params: (name: string) => tf.Tensor, batch: PackedInputs, options?: ScoringOptions): TokenLogps;
}

/** A model whose whole distributions of the next token can be compared with another model's. */
export interface DistributionModel extends ScoringModel {
  readonly vocabSize: number;
  /** The hidden states and the unembedding that make the logits of each predicted token of a batch, [R]. */
  answerStates(params: (name: string) => tf.Tensor, batch: PackedInputs, options?: ScoringOptions): AnswerStates;
}

/** A scoring model whose weights can be trained. */
export interface TrainableModel extends ScoringModel {
  /** The variables that training changes, by name: the adapter's when the model has an adapter, else all weights. */
  trainable(): ReadonlyMap<string, Variable>;
}

/**
 * Reads a model's parameters in an engine function: from `tensors` when they hold the parameter, else from the model's variables.
 *
 * @throws RangeError when the model has no parameter of the name
 */
export function parameters(
  model: ScoringModel,
  scope: Pick<Scope, 'read'>,
  tensors: ReadonlyMap<string, tf.Tensor> = new Map(),
): (name: string) => tf.Tensor {
  return (name) => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return tensor;
    const variable = model.adapter?.weights.get(name) ?? model.weights.get(name);
    if (variable === undefined) throw new RangeError(`The model has no parameter ${name}.`);
    return scope.read(variable);
  };
}
