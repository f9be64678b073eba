import type { PackedBatch, PromptGroup } from '@dpo/base';
import type { Engine, Scope, Values, Variable } from '@dpo/engine';
import { type AlignedLogps, type PackedInputs, packedValues } from '@dpo/models';
import type * as tf from '@tensorflow/tfjs-core';

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
