import { DpoError } from '@dpo/base';
import { isDeviceName } from './device-name.js';

/** Less than this many bytes hold no model. */
const LEAST_MEMORY = 2 ** 24;

/** An option with a value that no engine takes. */
export function wrongOption(name: string, value: unknown, expected: string): DpoError {
  return new DpoError('engine.wrong-option', `${name} must be ${expected}, not ${value}.`, {
    values: { [name]: value },
  });
}

/**
 * Checks what every way to open an engine takes; left out is always right.
 *
 * @throws DpoError `engine.wrong-option`
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
