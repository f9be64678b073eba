import { randomBytes } from 'node:crypto';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { foreignFiles } from './mark.js';
import { stateOf, tagPattern } from './process-tag.js';

/**
 * What is being written stands beside its place as `.NAME.OWNER.HEX.partial`; the folder that is replaced waits meanwhile as
 * `.NAME.OWNER.HEX.old/NAME`. OWNER is the tag of the process, so that what a killed one left can be told from the work of a
 * running one.
 */
const LEFTOVER = new RegExp(`^\\..*\\.(${tagPattern})\\.[0-9a-f]{8}\\.(partial|old)$`, 's');

/** After so long without a change, the work of a process that cannot be asked counts as left behind. */
const STALE_MS = 24 * 60 * 60 * 1000;

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
  const stats = await lstat(path).catch(() => undefined);
  const names = stats?.isDirectory() ? await readdir(path).catch(() => []) : [];
  const below = await Promise.all(names.map((name) => lastChange(join(path, name))));
  return Math.max(stats?.mtimeMs ?? 0, ...below);
}
