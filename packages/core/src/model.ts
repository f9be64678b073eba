import type { Engine, Scope, Variable } from '@dpo/engine';
import type { AnswerStates, DropoutDraw, PackedInputs, TokenLogps } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';

/** How a model is to compute log-probabilities. */
export interface ScoringOptions {
  /** False computes without the adapter. Default: true. */
  readonly adapter?: boolean | undefined;
  /** Whether `alignments` are wanted. Default: false. */
  readonly alignments?: boolean | undefined;
  /** Whether `states` are wanted. Default: false. */
  readonly states?: boolean | undefined;
  /** The draw of the adapter's dropout. Default: nothing is dropped. */
  readonly dropout?: DropoutDraw | undefined;
  /** Computes layers again for the gradient instead of keeping what it needs of them. Default: false. */
  readonly activationCheckpointing?: boolean | undefined;
}

/** What scoring needs of a language model; `@dpo/models`' LanguageModel has it. */
export interface ScoringModel {
  readonly engine: Engine;
  readonly weights: ReadonlyMap<string, Variable>;
  readonly adapter?: { readonly weights: ReadonlyMap<string, Variable>; readonly dropout: number } | undefined;
  /**
   * A number to each predicted token of a batch, [R], differentiable in what `params` gives. The sum over an answer is what methods
   * compute with: log π(y|x) of a language model, r(x, y) of a reward model, which has it at the answer's last token.
   */
  tokenLogps(params: (name: string) => tf.Tensor, batch: PackedInputs, options?: ScoringOptions): TokenLogps;
}

/** What it takes to compare whole distributions of the next token. */
export interface DistributionModel extends ScoringModel {
  readonly vocabSize: number;
  /** What makes the logits at each predicted token of a batch, [R]. */
  answerStates(params: (name: string) => tf.Tensor, batch: PackedInputs, options?: ScoringOptions): AnswerStates;
}

/** What training needs besides. */
export interface TrainableModel extends ScoringModel {
  /** The variables that training changes, by name: the adapter's if there is one, else all weights. */
  trainable(): ReadonlyMap<string, Variable>;
}

/** Reads a model's parameters in an engine function: from `given` where it has them, else from their variables. */
export function parameters(
  model: ScoringModel,
  scope: Pick<Scope, 'read'>,
  given: ReadonlyMap<string, tf.Tensor> = new Map(),
): (name: string) => tf.Tensor {
  return (name) => {
    const tensor = given.get(name);
    if (tensor !== undefined) return tensor;
    const variable = model.adapter?.weights.get(name) ?? model.weights.get(name);
    if (variable === undefined) throw new RangeError(`The model has no parameter ${name}.`);
    return scope.read(variable);
  };
}
