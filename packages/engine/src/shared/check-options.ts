import { DpoError } from '@dpo/base';
import { isDeviceName } from './device-name.js';

/** The smallest memory limit in bytes; less would hold no model. */
const LEAST_MEMORY = 2 ** 24;

/** The error `engine.wrong-option`, for a value that no engine takes. */
export function wrongOption(name: string, value: unknown, expected: string): DpoError {
  return new DpoError('engine.wrong-option', `${name} must be ${expected}, not ${value}.`, {
    values: { [name]: value },
  });
}

/**
 * Checks the options that all engines share. Each may be left out.
 *
 * @throws DpoError `engine.wrong-option` when one has a value that no engine takes
 */
export function checkOptions({
  threads,
  device,
  memoryLimit,
}: {
  readonly threads?: number | undefined;
  readonly device?: string | undefined;
  readonly memoryLimit?: number | undefined;
}): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
    throw wrongOption('threads', threads, 'a whole number above 0');
  if (device !== undefined && !isDeviceName(device)) throw wrongOption('device', device, 'auto, cpu, gpu or gpu:N');
  if (memoryLimit !== undefined && !(Number.isSafeInteger(memoryLimit) && memoryLimit >= LEAST_MEMORY))
    throw wrongOption('memoryLimit', memoryLimit, `a whole number of bytes from ${LEAST_MEMORY}`);
}
