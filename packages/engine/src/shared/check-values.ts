import { DpoError } from '@dpo/base';
import type { Values } from '../types.js';
import { sizeOf } from './size-of.js';

/** More axes than any op of TensorFlow or tfjs takes. With far more axes TensorFlow would end the process. */
const MOST_AXES = 16;

/**
 * Checks one input of a call. TensorFlow would read native memory beyond a wrong array, so every property is checked.
 *
 * @throws DpoError `engine.wrong-input` when the input is missing, `engine.wrong-dtype` when the array does not have the dtype,
 *   `engine.wrong-shape` when the values do not fill the shape
 */
export function checkValues(fn: string, name: string, values: Values | undefined): asserts values is Values {
  if (values === undefined || values === null)
    throw new DpoError('engine.wrong-input', `${fn} was called without a value for ${name}.`, {
      values: { function: fn, input: name },
    });
  const { dtype, shape, data } = values;
  const array = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : undefined;
  if (array === undefined || !(data instanceof array)) {
    const received = (data as object | undefined)?.constructor?.name ?? typeof data;
    throw new DpoError('engine.wrong-dtype', `Input ${name} of ${fn} is a ${received}, but its dtype is ${dtype}.`, {
      values: { function: fn, input: name, dtype, received },
      hint: 'Use a Float32Array with float32 and an Int32Array with int32.',
    });
  }
  checkShape(`Input ${name} of ${fn}`, shape);
  if (sizeOf(shape) !== data.length)
    throw new DpoError(
      'engine.wrong-shape',
      `Input ${name} of ${fn}: ${data.length} values do not fill the shape [${shape}].`,
      { values: { function: fn, input: name, shape, received: data.length } },
    );
}

/**
 * Checks a shape: a list of whole numbers from 0, whose product is exact in JavaScript. TensorFlow would end the process for some
 * other lists.
 *
 * @throws DpoError `engine.wrong-shape` for any other list
 */
export function checkShape(what: string, shape: readonly number[]): void {
  const sizes =
    Array.isArray(shape) && shape.length <= MOST_AXES && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (sizes && sizeOf(shape) * 4 <= Number.MAX_SAFE_INTEGER) return;
  throw new DpoError('engine.wrong-shape', `${what} cannot have the shape [${shape}].`, {
    values: { shape },
    hint: `A shape is a list of at most ${MOST_AXES} whole numbers from 0.`,
  });
}
