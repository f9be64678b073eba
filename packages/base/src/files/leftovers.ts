import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { foreignFiles } from './mark.js';
import { ownTag, stateOf, tagPattern } from './process-tag.js';

/**
 * What is being written stands beside its place as `.NAME.OWNER.HEX.partial`; the folder that is replaced waits meanwhile as
 * `.NAME.OWNER.HEX.old/NAME`. OWNER is the tag of the process, so that what a killed one left can be told from the work of a
 * running one.
 */
const LEFTOVER = new RegExp(`^\\..*\\.(${tagPattern})\\.[0-9a-f]{8}\\.(partial|old)$`, 's');

/** After so long without a change, the work of a process that cannot be asked counts as left behind. */
const STALE_MS = 24 * 60 * 60 * 1000;

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

/**
 * Removes from a folder what processes that are gone were writing there. A folder of theirs that was being replaced returns to
 * its place where the new one had not come yet.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  const left: { readonly path: string; readonly ending: string }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const [, tag, ending] = LEFTOVER.exec(name) ?? [];
    if (tag === undefined || ending === undefined) continue;
    const path = join(folder, name);
    if (await isLeft(tag, path)) left.push({ path, ending });
  }
  // A leftover that cannot be removed is no reason to fail: whoever writes here finds out by writing.
  for (const { path, ending } of left) if (ending === 'old') await settleOld(path).catch(() => undefined);
  for (const { path, ending } of left)
    if (ending === 'partial') await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

/**
 * Ends a replacement: the old folder returns where its place is free, else gives the files that are not ours to the new one
 * and is removed.
 */
export async function settleOld(aside: string): Promise<void> {
  for (const name of await readdir(aside)) {
    const [from, to] = [join(aside, name), join(dirname(aside), name)];
    const free = await lstat(to).then(
      () => false,
      () => true,
    );
    if (free) await rename(from, to);
    else await carryForeign(from, to);
  }
  await rm(aside, { recursive: true, force: true });
}

async function carryForeign(from: string, to: string): Promise<void> {
  for (const file of await foreignFiles(from)) {
    const target = join(to, file);
    const taken = await lstat(target).catch(() => undefined);
    await makeFolder(dirname(target));
    await rename(join(from, file), taken === undefined ? target : `${target}.${randomBytes(4).toString('hex')}.old`);
  }
}

async function isLeft(tag: string, path: string): Promise<boolean> {
  const state = stateOf(tag);
  if (state !== 'elsewhere') return state === 'gone';
  return Date.now() - (await lastChange(path)) > STALE_MS;
}

/** The newest modification time in a file or folder. */
async function lastChange(path: string): Promise<number> {
  const there = await lstat(path).catch(() => undefined);
  const names = there?.isDirectory() ? await readdir(path).catch(() => []) : [];
  const below = await Promise.all(names.map((name) => lastChange(join(path, name))));
  return Math.max(there?.mtimeMs ?? 0, ...below);
}
