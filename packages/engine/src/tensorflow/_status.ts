import { type Failure, tensorFlowError } from '../shared/tensorflow-error.js';
import type { CApi, Pointer } from './_c-api.js';

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
