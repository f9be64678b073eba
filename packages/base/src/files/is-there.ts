import { stat } from 'node:fs/promises';

/** Whether something can be reached at a path, by links too. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
