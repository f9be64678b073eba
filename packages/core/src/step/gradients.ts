import type { EncodedExample } from '@dpo/base';
import type { Scope, Variable } from '@dpo/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type Computation, forward, referenceLogps } from './forward.js';
import type { Owned } from './inputs.js';
import { outputsOf } from './outputs.js';

/** A variable that training changes, under the name that optimizer slots and checkpoints know it by. */
export interface Trained {
  readonly name: string;
  readonly variable: Variable;
  /** Whose it is. */
  readonly owner: 'model' | 'method';
  /** Its name there. */
  readonly own: string;
}

/** All variables that a run changes: the model's by their own names, the method's as `method/…`. */
export function trainedVariables<E extends EncodedExample>({
  model,
  method,
}: Pick<Computation<E>, 'model' | 'method'>): readonly Trained[] {
  return [
    ...[...model.trainable()].map(([own, variable]) => ({ name: own, variable, owner: 'model' as const, own })),
    ...[...method.trainables].map(([own, variable]) => ({
      name: `method/${own}`,
      ...{ variable, owner: 'method' as const, own },
    })),
  ];
}

/** The weights of one owner, from tensors in the order of the trained variables. */
function weightsOf(
  trained: readonly Trained[],
  tensors: readonly tf.Tensor[],
  owner: Trained['owner'],
): ReadonlyMap<string, tf.Tensor> {
  return new Map(
    trained.flatMap((weight, i) => (weight.owner === owner ? [[weight.own, tensors[i] as tf.Tensor] as const] : [])),
  );
}

/**
 * Gradients of scale · Σ losses by all trained variables, and the call's outputs. The reference is outside the tape: it has
 * no gradient. For the body of an engine function.
 */
export function gradients<E extends EncodedExample>(
  computation: Computation<E>,
  trained: readonly Trained[],
  scope: Scope,
  inputs: Owned<tf.Tensor>,
): { readonly gradients: readonly tf.Tensor[]; readonly outputs: Record<string, tf.Tensor> } {
  const ofReference = referenceLogps(scope, computation.reference, inputs);
  let seen: Record<string, tf.Tensor> = {};
  const computed = tf.grads((...tensors) => {
    const given = { model: weightsOf(trained, tensors, 'model'), method: weightsOf(trained, tensors, 'method') };
    const terms = forward(computation, scope, inputs, given, ofReference);
    // tfjs frees what is made inside but not returned; what is kept is handed on below.
    seen = Object.fromEntries(Object.entries(outputsOf(terms)).map(([name, tensor]) => [name, tf.keep(tensor)]));
    return tf.mul<tf.Scalar>(tf.sum(terms.losses), inputs.step.scale as tf.Scalar);
  })(trained.map(({ variable }) => scope.read(variable)));
  const outputs = Object.fromEntries(Object.entries(seen).map(([name, tensor]) => [name, tf.clone(tensor)]));
  for (const tensor of Object.values(seen)) tensor.dispose();
  return { gradients: computed, outputs };
}
