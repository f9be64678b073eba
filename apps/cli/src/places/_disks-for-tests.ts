import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';

/** A folder on a disk of its own. */
export interface Disk {
  readonly remove: () => void;
}

/** Mounts a small disk at a folder. Undefined where this is not possible: the test needs Linux and root. */
export function mountDisk(folder: string, kilobytes: number): Disk | undefined {
  mkdirSync(folder);
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'ignore' });
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'dpo-test', folder);
  } catch {
    return undefined;
  }
  return { remove: () => run('umount', folder) };
}

/** Makes a folder that can be read but not written: by permissions, or, for root, by a disk. Undefined when neither is possible. */
export function readOnlyFolder(folder: string): Disk | undefined {
  if (process.platform === 'win32') return undefined;
  if (process.getuid?.() !== 0) {
    mkdirSync(folder, { mode: 0o555 });
    return { remove: () => chmodSync(folder, 0o755) };
  }
  const disk = mountDisk(folder, 64);
  if (disk !== undefined) execFileSync('mount', ['-o', 'remount,ro', folder], { stdio: 'ignore' });
  return disk;
}
