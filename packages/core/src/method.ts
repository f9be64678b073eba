import type { EncodedExample, EncodedPair } from '@dpo/base';
import type { Collective, Variable } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';

/** Answers of an example by name, in the order in which they are packed. */
export type Answers = Readonly<Record<string, Int32Array>>;

/**
 * The answers of an example that a method reads, each with its name. References, `apply` and records know the answers by these
 * names. A function serves examples that differ in their number of answers.
 */
export type AnswerReader<E extends EncodedExample> =
  | Readonly<Record<string, (example: E) => Int32Array>>
  | ((example: E) => Answers);

/** The answers of an example that a method reads, by name. */
export function answersOf<E extends EncodedExample>(reader: AnswerReader<E>, example: E): Answers {
  if (typeof reader === 'function') return reader(example);
  return Object.fromEntries(Object.entries(reader).map(([name, answerOf]) => [name, answerOf(example)]));
}

/** What a model computes for a method besides log π. */
export interface Needs {
  /** log π_ref, summed over answers, or of each token too. Default: none. */
  readonly reference?: 'answers' | 'tokens' | undefined;
  /** `alignments` of {@link TokenTensors}. Default: false. */
  readonly alignments?: boolean | undefined;
  /** `states` of {@link TokenTensors}. Default: false. */
  readonly states?: boolean | undefined;
  /** True when the loss of an example depends on the other examples of the step. Default: false. */
  readonly others?: boolean | undefined;
}

/** Numbers that go into the step with one example. */
export interface ExampleInputs {
  /** Numbers of the example, by names of the method's own. */
  readonly numbers?: Readonly<Record<string, number | undefined>> | undefined;
  /** One number to each token of each answer, by name: answers in the order of {@link Method.answers}. */
  readonly tokens?: Readonly<Record<string, readonly Float32Array[]>> | undefined;
}

/** One answer of each of N examples. */
export interface AnswerTensors {
  /** log π(y|x), summed over the answer's tokens, or r(x, y) of a reward model; differentiable. */
  readonly policy: tf.Tensor1D; // [N]
  /** log π_ref(y|x); zeros for a method without a reference. */
  readonly reference: tf.Tensor1D; // [N]
  /** Answer tokens. */
  readonly lengths: tf.Tensor1D; // [N]
}

/** The R predicted tokens of a batch, in an order that only {@link TokenTensors.sum} and `spread` know. */
export interface TokenTensors<N extends string = string> {
  /** log π(y_t | x, y_<t); differentiable. */
  readonly policy: tf.Tensor1D; // [R]
  /** log π_ref(y_t | x, y_<t), when the method needs tokens of the reference. */
  readonly reference?: tf.Tensor1D | undefined; // [R]
  /** log π(y_t) − log Σ_v π(v)², without a gradient, when the method needs alignments. */
  readonly alignments?: tf.Tensor1D | undefined; // [R]
  /** The hidden states that predict the tokens, after the final norm and differentiable, when the method needs states. */
  readonly states?: tf.Tensor2D | undefined; // [R, D]
  /** The tokens' numbers, by the names that `inputs` and `prepare` gave them. */
  readonly numbers: Readonly<Record<string, tf.Tensor1D>>; // [R] each
  /** Sums a number to each token over each answer: [R] → [N], by the answers' names. */
  sum(ofTokens: tf.Tensor1D): Readonly<Record<N, tf.Tensor1D>>;
}

/** What {@link Method.apply} computes with: N examples of a batch. */
export interface MethodInputs<N extends string = string> {
  /** By the names of {@link Method.answers}. */
  readonly answers: Readonly<Record<N, AnswerTensors>>;
  readonly tokens: TokenTensors<N>;
  /** The examples' numbers, by the names that `inputs` and `prepare` gave them. */
  readonly numbers: Readonly<Record<string, tf.Tensor1D>>; // [N] each
  /** Numbers of the whole step, by the names that `prepare` gave them. */
  readonly scalars: Readonly<Record<string, tf.Scalar>>;
  /** A trainable of the method, by its name; differentiable. */
  readonly trainable: (name: string) => tf.Tensor;
}

/** What {@link Method.apply} returns. */
export interface MethodTerms {
  /** The losses, of which the trainer minimises the mean over all examples of the step. */
  readonly losses: tf.Tensor1D; // [N]
  /** Numbers of each example for {@link Method.records}, by names of the method's own. */
  readonly columns: Readonly<Record<string, tf.Tensor1D>>; // [N] each
}

/** Columns outside the engine, the examples of a whole step one after another. */
export type Columns = Readonly<Record<string, readonly number[]>>;

/** log π and log π_ref of an example's answers, by the answers' names, in nats. */
export interface ScoredExample {
  readonly policy: Readonly<Record<string, number>>;
  /** Zeros for a method without a reference. */
  readonly reference: Readonly<Record<string, number>>;
}

/** A step before its update: all of its examples, whatever micro-batches they will be in. */
export interface StepView<E extends EncodedExample> {
  /** This worker's examples. */
  readonly examples: readonly E[];
  /** The workers that take the step together. */
  readonly collective: Collective;
  /** False in an evaluation. */
  readonly training: boolean;
  /** Scores answers of the examples without a gradient. Default: the answers of the method. */
  score(answers?: AnswerReader<E>): Promise<readonly ScoredExample[]>;
}

/** What {@link Method.prepare} returns: numbers that depend on the whole step. */
export interface Prepared {
  /** Numbers of the whole step. */
  readonly scalars?: Readonly<Record<string, number>> | undefined;
  /** More inputs of each of this worker's examples, in their order. */
  readonly examples?: readonly ExampleInputs[] | undefined;
  /** Further numbers for the record of the step. */
  readonly records?: Readonly<Record<string, number>> | undefined;
}

/** The memory of a method or of a source of batches from step to step, besides variables. Checkpoints keep the memory as JSON. */
export interface KeptState {
  /** The memory as a JSON value. */
  read(): unknown;
  /** Restores a value that `read` returned, in this process or another. */
  write(value: unknown): void;
}

/**
 * A way to train: which answers of an example the model reads, which numbers go in, and which losses follow from the
 * log-probabilities. `E` is the kind of example that the method takes. {@link defineMethod} fills in what a method leaves out.
 */
export interface Method<E extends EncodedExample = EncodedPair> {
  /** The method's name in checkpoints and messages. */
  readonly name: string;
  /** What a model computes for the method besides log π. */
  readonly needs: Needs;
  /** The answers of an example that the model reads. */
  readonly answers: AnswerReader<E>;
  /** The numbers that go into the step with an example. */
  readonly inputs: (example: E) => ExampleInputs;
  /** Further answers, which `prepare` scores. References that are computed before a run hold their log-probabilities too. */
  readonly scoredAnswers: AnswerReader<E> | undefined;
  /** Looks at a whole step before its parts are computed, and computes the numbers that depend on all examples. */
  readonly prepare: ((step: StepView<E>) => Promise<Prepared>) | undefined;
  /** Losses and columns of a part of the step. For the body of an engine function. */
  readonly apply: (inputs: MethodInputs) => MethodTerms;
  /** The step's record from the columns of all its examples. */
  readonly records: (columns: Columns) => Readonly<Record<string, number>>;
  /**
   * Looks at the columns of a step, of all micro-batches and all workers, before the update. False leaves the weights and the
   * optimizer's state as they are. Undefined accepts every update.
   */
  readonly accepts: ((columns: Columns) => boolean) | undefined;
  /** Further variables that are trained, in the policy's engine. Checkpoints keep them. */
  readonly trainables: ReadonlyMap<string, Variable>;
  /** What the method remembers from step to step. */
  readonly state: KeptState | undefined;
}

/** The members of a method, all but the name, the answers and `apply` optional. `N` are the names of its answers. */
export type MethodDefinition<E extends EncodedExample, N extends string> = {
  readonly name: string;
  readonly answers: Readonly<Record<N, (example: E) => Int32Array>> | ((example: E) => Answers);
  readonly apply: (inputs: MethodInputs<N>) => MethodTerms;
} & { readonly [K in Exclude<keyof Method<E>, 'name' | 'answers' | 'apply'>]?: Method<E>[K] | undefined };

/**
 * Fills in a method. The defaults: no reference, no further inputs, nothing to prepare, nothing to remember, every update
 * accepted, and a record with the mean of each column over the examples.
 */
export function defineMethod<E extends EncodedExample = EncodedPair, N extends string = string>(
  definition: MethodDefinition<E, N>,
): Method<E> {
  return {
    name: definition.name,
    needs: definition.needs ?? {},
    answers: definition.answers,
    inputs: definition.inputs ?? (() => ({})),
    scoredAnswers: definition.scoredAnswers,
    prepare: definition.prepare,
    // The trainer hands in the answers that `answers` names.
    apply: definition.apply as Method<E>['apply'],
    records: definition.records ?? means,
    accepts: definition.accepts,
    trainables: definition.trainables ?? new Map(),
    state: definition.state,
  };
}

/** The mean of each column over the examples. */
export function means(columns: Columns): Record<string, number> {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, mean(values)]));
}

/** x̄ = Σ x / n; NaN for no numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
