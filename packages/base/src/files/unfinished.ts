import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ownTag } from './process-tag.js';

/** The largest number of bytes of a name that go into the temporary name. The file system allows 255 in all. */
const MAX_NAME_BYTES = 160;

/** A temporary name beside a place, for a file or folder of this process before it moves to the place. */
export function leftoverName(path: string, ending: 'partial' | 'old' = 'partial'): string {
  const name = Buffer.from(basename(path)).subarray(0, MAX_NAME_BYTES).toString('utf8').replaceAll('\uFFFD', '');
  const leftover = join(dirname(path), `.${name}.${ownTag()}.${randomBytes(4).toString('hex')}.${ending}`);
  if (ending === 'partial') adoptUnfinished(leftover);
  return leftover;
}

/** All temporary names of this process. A finished file no longer exists under its temporary name. */
const temporaryPaths = new Set<string>();
let watcher: ((path: string) => void) | undefined;

/** Sets a function that is called with every temporary path of this thread, for another thread that may have to remove it. */
export function watchUnfinished(onPath: (path: string) => void): void {
  watcher = onPath;
}

/** Adds a path of another thread to the paths that {@link removeUnfinished} removes. */
export function adoptUnfinished(path: string): void {
  temporaryPaths.add(path);
  watcher?.(path);
}

/** Removes the unfinished files and folders of this process, before the process ends. */
export function removeUnfinished(): void {
  for (const path of temporaryPaths)
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The next command that writes there removes the leftover.
    }
}
