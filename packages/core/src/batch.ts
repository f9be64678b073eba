import type { Engine, Scope, Values, Variable } from '@dpo/engine';
import { type AlignedLogps, type PackedInputs, packedValues } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';

/** What every row that is trained on has: a prompt in tokens, and a weight where `withWeights` reads one. */
export interface TokenRow {
  readonly prompt: Int32Array;
  /** How much the row's loss counts; see `withWeights`. */
  readonly weight?: number | undefined;
}

/** A preference pair in tokens. `@dpo/data`'s EncodedPair is one. */
export interface TokenPair extends TokenRow {
  readonly chosen: Int32Array;
  readonly rejected: Int32Array;
  /** By how much the chosen answer should win, for methods that are told to read it. */
  readonly margin?: number | undefined;
}

/** One answer that was judged on its own. `@dpo/data`'s EncodedAnswer is one. */
export interface TokenAnswer extends TokenRow {
  readonly completion: Int32Array;
  /** Another prompt's answer: what KTO's KL divergence is estimated on. */
  readonly mismatched: Int32Array;
  readonly desirable: boolean;
}

/** Answers to one prompt, the best first. `@dpo/data`'s EncodedRanking is one. */
export interface TokenRanking extends TokenRow {
  readonly answers: readonly Int32Array[];
}

/** A prompt and the answers that share it. */
export interface PromptGroup {
  readonly prompt: Int32Array;
  readonly answers: readonly Int32Array[];
  /** How much each token of each answer counts in the answer's log-probability. Default: 1. All groups of a batch or none. */
  readonly tokenWeights?: readonly Float32Array[] | undefined;
}

/**
 * Groups packed into rows of equal length. `@dpo/data`'s `pack` makes it and says what each field holds;
 * letters: B rows, T positions, R predicted tokens, S answers.
 */
export interface PackedBatch {
  readonly rows: number;
  readonly length: number;
  readonly tokens: number;
  readonly sequences: number;
  readonly ids: Int32Array; // [B·T]
  readonly positions: Int32Array; // [B·T]
  readonly groups: Int32Array; // [B·T]
  readonly answers: Int32Array; // [B·T]
  readonly predictors: Int32Array; // [R]
  readonly targets: Int32Array; // [R]
  readonly sequence: Int32Array; // [R]
  readonly lengths: Int32Array; // [S]
}

/** Packs groups that have equally many answers; sequence g · K + a is answer a of group g. */
export type Pack = (groups: readonly PromptGroup[]) => PackedBatch;

/**
 * Divides the groups of a step into micro-batches, given as the groups' numbers: every group is in one. `@dpo/data`'s
 * `planPacking` makes one that leaves little padding.
 */
export type Divide = (groups: readonly PromptGroup[]) => readonly (readonly number[])[];

/** What scoring needs of a language model; `@dpo/models`' LanguageModel has it. */
export interface ScoringModel {
  readonly engine: Engine;
  readonly weights: ReadonlyMap<string, Variable>;
  readonly adapter?: { readonly weights: ReadonlyMap<string, Variable>; readonly dropout: number } | undefined;
  /**
   * log π(y|x) of each sequence, summed over the answer's tokens: [S]. Without the adapter where it is set to false, with
   * its dropout where there is a seed for it (a scalar int32); with activation checkpointing the gradient computes layers
   * again instead of keeping what it needs of them.
   */
  sequenceLogps(
    params: (name: string) => tf.Tensor,
    batch: PackedInputs,
    options?: {
      readonly adapter?: boolean;
      readonly dropoutSeed?: tf.Tensor | undefined;
      readonly activationCheckpointing?: boolean | undefined;
    },
  ): tf.Tensor1D;
}

/** What training needs besides. */
export interface TrainableModel extends ScoringModel {
  /** The same with {@link AlignedLogps}, for methods that read alignments. */
  alignedLogps(...given: Parameters<ScoringModel['sequenceLogps']>): AlignedLogps;
  /** The variables that training changes, by name: the adapter's if there is one, else all weights. */
  trainable(): ReadonlyMap<string, Variable>;
}

/** Groups packed into inputs of an engine function, with the answers' lengths as [groups, K], K answers to a group. */
export function batchValues(groups: readonly PromptGroup[], pack: Pack): Record<string, Values> {
  const batch = pack(groups);
  const answersPerGroup = groups[0]?.answers.length ?? 1;
  return {
    ...packedValues(batch),
    ...tokenWeightValues(groups, batch),
    lengths: {
      dtype: 'float32',
      shape: [batch.sequences / answersPerGroup, answersPerGroup],
      data: Float32Array.from(batch.lengths),
    },
  };
}

/** The tokens' weights in the order in which they are predicted. */
function tokenWeightValues(groups: readonly PromptGroup[], { sequence }: PackedBatch): Record<string, Values> {
  if (groups.every(({ tokenWeights }) => tokenWeights === undefined)) return {};
  const weights = groups.flatMap(({ answers, tokenWeights }) =>
    answers.map(({ length }, k) => tokenWeights?.[k] ?? new Float32Array(length).fill(1)),
  );
  const next = new Uint32Array(weights.length);
  // Filling entries are of no sequence.
  const data = Float32Array.from(sequence, (s) => {
    const token = next[s] ?? 0;
    next[s] = token + 1;
    return weights[s]?.[token] ?? 0;
  });
  return { tokenWeights: { dtype: 'float32', shape: [sequence.length], data } };
}

/** The other side of {@link batchValues}: the same tensors by their names, and S from the lengths' static shape. */
export function batchInputs(inputs: Readonly<Record<string, tf.Tensor>>): PackedInputs & { lengths: tf.Tensor2D } {
  const lengths = inputs.lengths as tf.Tensor2D;
  return { ...(inputs as unknown as PackedInputs), lengths, sequences: lengths.size };
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

/** A scalar as an input of an engine function. */
export function scalarValue(value: number): Values {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}
