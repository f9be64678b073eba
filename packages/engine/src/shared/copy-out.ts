import { DpoError } from '@dpo/base';
import type { Variable } from '../types.js';
import { sizeOf } from './size-of.js';

/**
 * Checks that a variable's value fits into an array.
 *
 * @throws DpoError `engine.wrong-shape` when it does not
 */
export function checkRoom({ name, shape }: Variable, into: Float32Array | undefined): void {
  const size = sizeOf(shape);
  if (into === undefined || into.length >= size) return;
  throw new DpoError(
    'engine.wrong-shape',
    `Variable ${name} [${shape}] has ${size} elements and cannot be read into room for ${into.length}.`,
    { values: { variable: name, shape, expected: size, received: into.length } },
  );
}

/** A copy of values: a view of the start of `into`, or new memory without `into`. */
export function copyOf<Data extends Float32Array | Int32Array | Uint8Array>(
  values: Data,
  into: Data | undefined,
): Data {
  if (into === undefined) return values.slice() as Data;
  into.set(values);
  return into.subarray(0, values.length) as Data;
}
