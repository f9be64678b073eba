import type { EncodedExample, EncodedPair } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { LossOptions, PreferenceLoss } from './losses/types.js';

/** An answer of a preference pair. */
export type Side = 'chosen' | 'rejected';

/** What a method sees of a batch. K is the number of answers that it reads of a row. */
export interface MethodInputs {
  readonly policy: tf.Tensor2D; // [rows, K], log π(y|x), differentiable
  readonly reference: tf.Tensor2D; // [rows, K], log π_ref(y|x); zeros for a method without a reference
  readonly lengths: tf.Tensor2D; // [rows, K], answer tokens
  /** The rows' numbers, by the names that the method's `numbers` gave them, [rows] each. */
  readonly numbers: Readonly<Record<string, tf.Tensor1D>>;
  /** The method's baseline over all rows of the step; 0 for a method without one. */
  readonly baseline: tf.Scalar;
  /** Mean over an answer's tokens of log π(y_t) − log Σ_v π(v)², [rows, K], without a gradient, where the method asks. */
  readonly alignments?: tf.Tensor2D | undefined;
}

/** What a method makes of it. The trainer divides the sum of a step's losses by the number of its rows, or as `divisor` says. */
export interface MethodTerms {
  readonly losses: tf.Tensor1D; // [rows]
  /** Implicit rewards, for the records alone; absent where the method has none. */
  readonly rewards?: tf.Tensor2D | undefined; // [rows, sides]
  /** Log-probabilities for the records, where they are not `policy` as it is. */
  readonly logps?: tf.Tensor2D | undefined; // [rows, sides]
}

/** A number that a step is told, estimated over all of its rows without a gradient, from answers of its own. */
export interface Baseline<Row extends EncodedExample> {
  /** Its name in the records. */
  readonly name: 'kl';
  /** What the answers are called where reference log-probabilities were computed before. */
  readonly sides: readonly string[];
  readonly answers: (row: Row) => readonly Int32Array[];
  /** The number, from log π(y|x) − log π_ref(y|x) of each answer. */
  readonly estimate: (logRatios: readonly number[]) => number;
}

/** The rows of a step side by side: log-probabilities, one array to a row, K numbers each. */
export interface StepLogps {
  readonly policy: readonly (readonly number[])[];
  readonly reference: readonly (readonly number[])[];
}

/**
 * A way to train: which answers of a row the model reads, whether a reference scores them too, and what is made of the
 * numbers. `Row` is the kind of row that it takes.
 */
export interface Method<Row extends EncodedExample = EncodedPair> {
  readonly name: string;
  /** What the columns of rewards and log-probabilities are in the records. */
  readonly sides: readonly Side[];
  readonly needsReference: boolean;
  /** What the answers are called where reference log-probabilities were computed before. Default: as the sides. */
  readonly reads?: readonly string[] | undefined;
  /** The answers of a row that the model reads, in the order of the columns. */
  readonly answers: (row: Row) => readonly Int32Array[];
  /**
   * What a row adds to the number by which the sum of a step's losses is divided. Default: 1, which makes it the mean over
   * rows. An answer's tokens make it the mean over the tokens of the step.
   */
  readonly divisor?: ((row: Row) => number) | undefined;
  /** Numbers of a row that `apply` reads, by name. */
  readonly numbers?: ((row: Row) => Readonly<Record<string, number | undefined>>) | undefined;
  readonly baseline?: Baseline<Row> | undefined;
  /**
   * More numbers for `apply`, of each row, that depend on all rows of the step: it is computed twice then, first without a
   * gradient for these.
   */
  readonly acrossRows?: ((logps: StepLogps) => readonly Readonly<Record<string, number>>[]) | undefined;
  /** How much each token of each of these answers counts in the answer's log-probability. Default: 1. */
  readonly tokenWeights?: ((answers: readonly Int32Array[]) => readonly Float32Array[]) | undefined;
  /** Whether `apply` reads `alignments`. */
  readonly needsAlignments?: boolean | undefined;
  /** True where a row is of one side alone: the other side's columns hold NaN. */
  readonly unpaired?: boolean | undefined;
  readonly apply: (inputs: MethodInputs) => MethodTerms;
}

/** What a caller may set of a loss; the answers' lengths come from the batch. */
export type MethodOptions = Omit<LossOptions, 'chosenLengths' | 'rejectedLengths' | 'margins'> & {
  /** Asks of each pair that the chosen answer wins by the row's `margin`; for the losses that take one. */
  readonly readMargin?: boolean | undefined;
};

/** What is said of a preference loss that is not in the registry. */
export interface PreferenceMethodOptions extends MethodOptions {
  /** Default true. */
  readonly needsReference?: boolean | undefined;
}

/** A training method from a preference loss of one's own. */
export function preferenceMethod(
  name: string,
  loss: PreferenceLoss,
  { needsReference = true, readMargin = false, ...options }: PreferenceMethodOptions = {},
): Method {
  return {
    name,
    sides: ['chosen', 'rejected'],
    needsReference,
    answers: ({ chosen, rejected }) => [chosen, rejected],
    numbers: readMargin ? ({ margin }) => ({ margin }) : undefined,
    apply: ({ policy, reference, lengths, numbers }) => {
      const { losses, chosenRewards, rejectedRewards } = loss(
        column(policy, 0),
        column(policy, 1),
        column(reference, 0),
        column(reference, 1),
        { ...options, chosenLengths: column(lengths, 0), rejectedLengths: column(lengths, 1), margins: numbers.margin },
      );
      return { losses, rewards: tf.stack([chosenRewards, rejectedRewards], 1) as tf.Tensor2D };
    },
  };
}

/** The number by which the sum of these rows' losses is divided: how many they are, or what the method's `divisor` says. */
export function divisorOf<Row extends EncodedExample>({ divisor }: Method<Row>, rows: readonly Row[]): number {
  return divisor === undefined ? rows.length : rows.reduce((sum, row) => sum + divisor(row), 0);
}

/** Column k of a matrix, as a vector. */
export function column(matrix: tf.Tensor2D, k: number): tf.Tensor1D {
  return tf.reshape(tf.slice(matrix, [0, k], [-1, 1]), [matrix.shape[0]]);
}
