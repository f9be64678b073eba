import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DpoError } from '@dpo/base';
import { USAGE } from '../usage.js';
import { isInside, type NamedPlace } from './named-place.js';

/** An output, with whether a folder or a single file is written there. */
export interface Output extends NamedPlace {
  readonly isFolder: boolean;
}

/**
 * Checks that outputs lie apart from inputs and from each other. Links are followed first.
 *
 * @throws DpoError `cli.usage` when an output is an input, holds an input, or would change the input that holds it, and when two
 *   outputs are the same place or lie in each other
 */
export async function checkApart(outputs: readonly Output[], inputs: readonly NamedPlace[]): Promise<void> {
  for (const [i, output] of outputs.entries()) {
    for (const other of outputs.slice(i + 1))
      if (output.real === other.real || isInside(output.real, other.real) || isInside(other.real, output.real))
        throw clash(output, other, 'need two places that do not lie in each other', 'Name another place.');
    for (const input of inputs) await checkPair(output, input);
  }
}

async function checkPair(output: Output, input: NamedPlace): Promise<void> {
  const hint = 'Name another place to write to: what is read is never written over.';
  if (await isSame(output.real, input.real)) throw clash(output, input, 'name the same place', hint);
  if (output.isFolder && isInside(input.real, output.real))
    throw clash(output, input, 'cannot go together: what is read lies in what is written', hint);
  if (!isInside(output.real, input.real)) return;
  // A model consists of the files in its folder: a new folder beside the files changes nothing.
  if (input.role === 'input-model' && (output.isFolder || dirname(output.real) !== input.real)) return;
  throw clash(output, input, 'cannot go together: what is written would lie in what is read', hint);
}

/** Whether two paths are one entry, also when the file system knows the entry by several names. */
async function isSame(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [first, second] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  return (
    first !== undefined &&
    second !== undefined &&
    first.ino !== 0 &&
    first.ino === second.ino &&
    first.dev === second.dev
  );
}

function clash(a: NamedPlace, b: NamedPlace, what: string, hint: string): DpoError {
  const show = ({ label, path }: NamedPlace) => `${label} (${path})`;
  return new DpoError(USAGE, `${show(a)} and ${show(b)} ${what}.`, {
    values: { outputs: a.real, other: b.real },
    hint,
  });
}
