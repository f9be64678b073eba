import { DpoError } from '@dpo/base';
import type { Values } from './types.js';

/**
 * Checks one input of a call.
 *
 * Throws `engine.wrong-input` where it is missing, `engine.wrong-dtype`, `engine.wrong-shape`.
 */
export function checkValues(fn: string, name: string, values: Values | undefined): asserts values is Values {
  if (values === undefined)
    throw new DpoError('engine.wrong-input', `${fn} was called without a value for ${name}.`, {
      values: { function: fn, input: name },
    });
  const { dtype, shape, data } = values;
  const array = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : undefined;
  if (array === undefined || !(data instanceof array)) {
    const received = (data as object | undefined)?.constructor?.name ?? typeof data;
    throw new DpoError('engine.wrong-dtype', `Input ${name} of ${fn}: a ${received} was given as ${dtype}.`, {
      values: { function: fn, input: name, dtype, received },
      hint: 'Use a Float32Array with float32 and an Int32Array with int32.',
    });
  }
  const size = shape.reduce((a, b) => a * b, 1);
  if (!shape.every((n) => Number.isInteger(n) && n >= 0) || size !== data.length)
    throw new DpoError(
      'engine.wrong-shape',
      `Input ${name} of ${fn}: ${data.length} values do not fill the shape [${shape}].`,
      { values: { function: fn, input: name, shape, received: data.length } },
    );
}
