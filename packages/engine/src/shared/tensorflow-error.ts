import { DpoError } from '@dpo/base';

/** TF_RESOURCE_EXHAUSTED of tf_status.h. */
const RESOURCE_EXHAUSTED = 8;

/** TensorFlow's report of a failed call. */
export interface Failure {
  readonly code: number;
  readonly message: string;
}

/** TensorFlow's failure as an error: `engine.out-of-memory` or `engine.tensorflow-failed`. */
export function tensorFlowError(what: string, { code, message }: Failure): DpoError {
  const values = { what, status: code, message };
  if (code === RESOURCE_EXHAUSTED)
    return new DpoError('engine.out-of-memory', `${what} ran out of memory: ${essence(message)}`, {
      values,
      hint: 'Use smaller batches or shorter sequences, train an adapter, or add activation checkpointing.',
    });
  return new DpoError('engine.tensorflow-failed', `TensorFlow failed in ${what}: ${essence(message)}`, { values });
}

/** The message without the names of graph nodes and without the hints for Python. */
function essence(message: string): string {
  return (message.split('\n')[0] ?? '').replaceAll(/\{\{function_node [^}]*\}\} ?/g, '').trim();
}
