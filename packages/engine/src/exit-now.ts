import koffi from 'koffi';

/**
 * Ends the process at once with an exit code. `process.exit` would first wait for computing threads, and a training step may
 * take a minute. No output is flushed, and no exit handler runs.
 */
export function exitNow(code: number): never {
  if (process.platform !== 'win32') koffi.load(null).func('void _exit(int)')(code);
  process.exit(code);
}
