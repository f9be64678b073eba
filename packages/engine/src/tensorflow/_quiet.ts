import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

/**
 * Runs `work` with the process's standard error switched off. TensorFlow announces its oneDNN kernels there while it loads,
 * whatever its log level. Nothing else is lost, since `work` is synchronous and loaders report by their return values.
 */
export function withoutStandardError<T>(work: () => T): T {
  if (process.platform === 'win32') return work();
  const c = koffi.load(null);
  const dup = c.func('int dup(int)') as (fd: number) => number;
  const dup2 = c.func('int dup2(int, int)') as (from: number, to: number) => number;
  const saved = dup(2);
  if (saved < 0) return work();
  const nothing = openSync('/dev/null', 'w');
  dup2(nothing, 2);
  try {
    return work();
  } finally {
    dup2(saved, 2);
    closeSync(nothing);
    closeSync(saved);
  }
}
