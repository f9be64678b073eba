import { DpoError } from '@dpo/base';
import { tensorFlowError } from '../shared/tensorflow-error.js';
import { calledFrom, callerLine } from './_caller.js';
import { type Input, nodesOf } from './graph-nodes.js';

/** TF_INVALID_ARGUMENT of tf_status.h. */
const INVALID_ARGUMENT = 3;

/** The error of an operation that TensorFlow refuses to add. */
export function operationError(
  type: string,
  inputs: readonly Input[],
  failure: { readonly code: number; readonly message: string },
): DpoError {
  if (failure.code !== INVALID_ARGUMENT) return tensorFlowError(type, failure);
  const shapes = describe(inputs);
  const line = callerLine();
  return new DpoError(
    'engine.wrong-shape',
    `${type} does not take ${shapes.join(', ')}: ${failure.message}${calledFrom(line)}`,
    { values: { op: type, inputs: shapes, calledFrom: line } },
  );
}

/** The error of a result whose shape TensorFlow cannot infer. */
export function dynamicShape(type: string, shape: readonly number[] | undefined): DpoError {
  const line = callerLine();
  return new DpoError(
    'engine.dynamic-shape',
    `The shape of ${type}'s result depends on values${calledFrom(line)}; engine functions need static shapes.`,
    { values: { op: type, shape, calledFrom: line } },
  );
}

function describe(inputs: readonly Input[]): string[] {
  return nodesOf(inputs).map(({ dtype, shape }) => `${dtype}[${shape}]`);
}
