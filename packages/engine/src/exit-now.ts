import koffi from 'koffi';

/**
 * Ends the process at once with an exit code. `process.exit` first waits for what threads are computing: for a training step
 * of a minute, a minute. Nothing that is written in this process is flushed, no handler of its exit is called.
 */
export function exitNow(code: number): never {
  if (process.platform !== 'win32') koffi.load(null).func('void _exit(int)')(code);
  process.exit(code);
}
