import { spawnSync } from 'node:child_process';
import { leftoverName } from './unfinished.js';

/** The number of a process that has ended. */
export function endedProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

/** The name of a leftover of another process. */
export function leftoverOf(pid: number, path: string, ending?: 'partial' | 'old'): string {
  return leftoverName(path, ending).replace(`.${process.pid}-`, `.${pid}-`);
}
