import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ownTag } from './process-tag.js';

/** Longest part of a name, in bytes, that goes into that of a temporary file: names end at 255. */
const KEPT = 160;

/** A name beside a place for what this process writes before it is put there. */
export function leftoverName(path: string, ending: 'partial' | 'old' = 'partial'): string {
  const name = Buffer.from(basename(path)).subarray(0, KEPT).toString('utf8').replaceAll('\uFFFD', '');
  const leftover = join(dirname(path), `.${name}.${ownTag()}.${randomBytes(4).toString('hex')}.${ending}`);
  if (ending === 'partial') adoptUnfinished(leftover);
  return leftover;
}

/** All that this process has named. What came into its place is there no more under these names. */
const given = new Set<string>();
let watcher: ((path: string) => void) | undefined;

/** Hears of everything that this thread begins to write, for another one that may have to end it. */
export function watchUnfinished(hear: (path: string) => void): void {
  watcher = hear;
}

/** Counts a path as one of those that {@link removeUnfinished} removes: for what another thread is writing. */
export function adoptUnfinished(path: string): void {
  given.add(path);
  watcher?.(path);
}

/** Removes what this process is writing, for one that ends without coming back to that work. */
export function removeUnfinished(): void {
  for (const path of given)
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The next command that writes there removes what is left.
    }
}
