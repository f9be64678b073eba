import { DpoError } from '@dpo/base';

/** The error that a function throws. */
export async function errorOf(act: () => Promise<unknown>): Promise<DpoError> {
  try {
    await act();
  } catch (error) {
    if (DpoError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
