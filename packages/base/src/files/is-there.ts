import { stat } from 'node:fs/promises';

/** True when a path leads to a file or a folder, through links too. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
