import type { EncodedExample } from '@dpo/base';
import type { Scope } from '@dpo/engine';
import type { PackedInputs } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';
import type { AnswerTensors, Method, MethodTerms } from '../method.js';
import { parameters, type TrainableModel } from '../model.js';
import type { Reference, ReferenceLogps } from '../reference.js';
import { answerSums, byName } from './answer-sums.js';
import type { Owned } from './inputs.js';

/** The model, the method and the reference of a step. */
export interface Computation<E extends EncodedExample> {
  readonly model: TrainableModel;
  readonly method: Method<E>;
  readonly reference: Reference;
  /** True computes layers again for their gradients. Default: false. */
  readonly activationCheckpointing?: boolean | undefined;
}

/** Tensors that stand for the weights of the policy and of the method, by name; weights without a tensor are read. */
export interface WeightTensors {
  readonly model: ReadonlyMap<string, tf.Tensor>;
  readonly method: ReadonlyMap<string, tf.Tensor>;
}

/** The packed batch of a call, and the names of its answers. */
export function packedBatch({ batch, lengths }: Pick<Owned<tf.Tensor>, 'batch' | 'lengths'>): {
  readonly packed: PackedInputs;
  readonly names: readonly string[];
} {
  const names = Object.keys(lengths);
  const sequences = Object.values(lengths).reduce((sum, { size }) => sum + size, 0);
  return { packed: { ...(batch as unknown as PackedInputs), sequences }, names };
}

/** log π_ref of a call, either computed or from the call's inputs. For the body of an engine function. */
export function referenceLogps(scope: Scope, reference: Reference, inputs: Owned<tf.Tensor>): ReferenceLogps {
  const { packed } = packedBatch(inputs);
  const numbers = inputs.reference as { readonly answers?: tf.Tensor2D; readonly tokens?: tf.Tensor1D };
  return reference.logps(scope, packed, numbers);
}

/** log π_ref summed over each answer, [S]. */
export function referenceSums({ tokens, answers }: ReferenceLogps, packed: PackedInputs): tf.Tensor {
  if (answers !== undefined) return answers;
  return tokens === undefined ? tf.zeros([packed.sequences]) : answerSums(tokens, packed);
}

/**
 * The method's losses and columns of a call. For the body of an engine function.
 *
 * @throws RangeError when the method asks for a trainable that it does not have
 */
export function forward<E extends EncodedExample>(
  { model, method, activationCheckpointing = false }: Computation<E>,
  scope: Scope,
  inputs: Owned<tf.Tensor>,
  weights: WeightTensors,
  ofReference: ReferenceLogps,
): MethodTerms {
  const { packed, names } = packedBatch(inputs);
  const { dropoutNumbers } = inputs.batch;
  const { draw } = inputs.step;
  const { logps, alignments, states } = model.tokenLogps(parameters(model, scope, weights.model), packed, {
    alignments: method.needs.alignments,
    states: method.needs.states,
    dropout: draw === undefined || dropoutNumbers === undefined ? undefined : { step: draw, numbers: dropoutNumbers },
    activationCheckpointing,
  });
  const policy = byName(answerSums(logps, packed), names);
  const reference = byName(referenceSums(ofReference, packed), names);
  const answers = names.map((name): [string, AnswerTensors] => [
    name,
    {
      policy: policy[name] as tf.Tensor1D,
      reference: reference[name] as tf.Tensor1D,
      lengths: inputs.lengths[name] as tf.Tensor1D,
    },
  ]);
  return method.apply({
    answers: Object.fromEntries(answers),
    tokens: {
      policy: logps,
      reference: ofReference.tokens,
      alignments,
      states,
      numbers: inputs.tokens as Record<string, tf.Tensor1D>,
      sum: (ofTokens) => byName(answerSums(ofTokens, packed), names),
    },
    numbers: inputs.numbers as Record<string, tf.Tensor1D>,
    scalars: inputs.scalars as Record<string, tf.Scalar>,
    trainable: (name) => {
      const variable = method.trainables.get(name);
      const tensor = weights.method.get(name) ?? (variable && scope.read(variable));
      if (tensor === undefined) throw new RangeError(`${method.name} has no trainable ${name}.`);
      return tensor;
    },
  });
}
