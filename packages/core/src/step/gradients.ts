import type { EncodedExample } from '@dpo/base';
import type { Scope, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type Computation, forward, referenceLogps } from './forward.js';
import type { Owned } from './inputs.js';
import { outputsOf } from './outputs.js';

/** A variable that training changes. */
export interface TrainedVariable {
  /** The variable's name in the optimizer's slots and in checkpoints. */
  readonly name: string;
  readonly variable: Variable;
  readonly owner: 'model' | 'method';
  /** The owner's name for the variable. */
  readonly ownerName: string;
}

/** All variables that a run changes: the model's by their own names, the method's as `method/…`. */
export function trainedVariables<E extends EncodedExample>({
  model,
  method,
}: Pick<Computation<E>, 'model' | 'method'>): readonly TrainedVariable[] {
  return [
    ...[...model.trainable()].map(([ownerName, variable]) => ({
      name: ownerName,
      ...{ variable, owner: 'model' as const, ownerName },
    })),
    ...[...method.trainables].map(([ownerName, variable]) => ({
      name: `method/${ownerName}`,
      ...{ variable, owner: 'method' as const, ownerName },
    })),
  ];
}

/** The tensors of one owner's weights, by name; `tensors` are in the order of `weights`. */
function tensorsOf(
  weights: readonly TrainedVariable[],
  tensors: readonly tf.Tensor[],
  owner: TrainedVariable['owner'],
): ReadonlyMap<string, tf.Tensor> {
  return new Map(
    weights.flatMap((weight, i) =>
      weight.owner === owner ? [[weight.ownerName, tensors[i] as tf.Tensor] as const] : [],
    ),
  );
}

/**
 * Gradients of scale · Σ losses by all weights, and the call's outputs. The reference is computed outside the tape, since it
 * has no gradient. For the body of an engine function.
 */
export function computeGradients<E extends EncodedExample>(
  computation: Computation<E>,
  weights: readonly TrainedVariable[],
  scope: Scope,
  inputs: Owned<tf.Tensor>,
): { readonly gradients: readonly tf.Tensor[]; readonly outputs: Record<string, tf.Tensor> } {
  const ofReference = referenceLogps(scope, computation.reference, inputs);
  let inside: Record<string, tf.Tensor> = {};
  const gradients = tf.grads((...tensors) => {
    const byOwner = { model: tensorsOf(weights, tensors, 'model'), method: tensorsOf(weights, tensors, 'method') };
    const terms = forward(computation, scope, inputs, byOwner, ofReference);
    // tfjs frees the tensors of this function that are not returned; the outputs are kept here and handed on below.
    inside = Object.fromEntries(Object.entries(outputsOf(terms)).map(([name, tensor]) => [name, tf.keep(tensor)]));
    return tf.mul<tf.Scalar>(tf.sum(terms.losses), inputs.step.scale as tf.Scalar);
  })(weights.map(({ variable }) => scope.read(variable)));
  const outputs = Object.fromEntries(Object.entries(inside).map(([name, tensor]) => [name, tf.clone(tensor)]));
  for (const tensor of Object.values(inside)) tensor.dispose();
  return { gradients, outputs };
}
