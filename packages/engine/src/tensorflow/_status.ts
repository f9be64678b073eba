import { DpoError } from '@dpo/base';
import type { CApi, Pointer } from './_c-api.js';

/** TF_RESOURCE_EXHAUSTED of tf_status.h. */
const RESOURCE_EXHAUSTED = 8;

/** TensorFlow's report of a failed call. */
export interface Failure {
  readonly code: number;
  readonly message: string;
}

/** Runs `work` with a fresh status object, and returns the result of `work` and the failure that the status reports, if any. */
export function withStatus<T>(api: CApi, work: (status: Pointer) => T): { value: T; failure: Failure | undefined } {
  const status = api.TF_NewStatus();
  try {
    const value = work(status);
    return { value, failure: failureOf(api, status) };
  } finally {
    api.TF_DeleteStatus(status);
  }
}

/**
 * Runs `work` with a fresh status object.
 *
 * @throws DpoError `engine.out-of-memory` or `engine.tensorflow-failed` when the status reports a failure
 */
export function checked<T>(api: CApi, what: string, work: (status: Pointer) => T): T {
  const { value, failure } = withStatus(api, work);
  if (failure !== undefined) throw tensorFlowError(what, failure);
  return value;
}

/** The failure that a status object reports; undefined when there is none. */
export function failureOf(api: CApi, status: Pointer): Failure | undefined {
  const code = api.TF_GetCode(status);
  return code === 0 ? undefined : { code, message: api.TF_Message(status) };
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
